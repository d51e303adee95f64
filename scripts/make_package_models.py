"""Makes devbench/data/models/: the control model and the small ones, with the index that pins their hashes.

The committed files are the truth: another TensorFlow may write other bytes for the same network, so this runs
only when a network changes, and the hashes in index.toml change with it.

    python scripts/make_package_models.py            # needs TensorFlow: pip install -e '.[models]'
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devbench.graph.model_file import sha256_of
from devbench.variants.artifact import Artifact, StepContext

FOLDER = Path(__file__).parent.parent / "devbench" / "data" / "models"
SEED = 20260101
SAMPLES = 32

# variant id, model, network, batch (None: open), last step, its parameters
FILES: tuple[tuple[str, str, str, int | None, str, dict[str, str]], ...] = (
    ("control", "control", "control", 1, "fp32", {}),
    ("small-cnn-fp32", "small-cnn", "small_cnn", 1, "fp32", {}),
    ("small-cnn-fp16", "small-cnn", "small_cnn", 1, "fp16", {}),
    ("small-cnn-dynamic-int8", "small-cnn", "small_cnn", 1, "dynamic_int8", {}),
    ("small-cnn-int8", "small-cnn", "small_cnn", 1, "int8", {"io": "float32"}),
    ("small-cnn-int8-io", "small-cnn-int8-io", "small_cnn", 1, "int8", {"io": "int8"}),
    ("and-gate", "and-gate", "and_gate", 1, "fp32", {}),
    ("two-inputs", "two-inputs", "two_inputs", 1, "fp32", {}),
    ("dynamic-batch", "dynamic-batch", "dense", None, "fp32", {}),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = []
    for variant, model, network, batch, step, parameters in FILES:
        with tempfile.TemporaryDirectory() as folder:
            steps, made = _make(network, batch, step, parameters, Path(folder))
            file = FOLDER / f"{variant}.tflite"
            file.write_bytes(made.read_bytes())
        entries.append(_entry(variant, model, network, file, steps))
    head = "# Written by scripts/make_package_models.py. The files are the truth; the hashes pin them.\n"
    (FOLDER / "index.toml").write_text(head + "".join(entries), encoding="utf-8")


def _make(
    network: str, batch: int | None, last: str, parameters: dict[str, str], folder: Path
) -> tuple[list[dict[str, object]], Path]:
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(SEED)
    model = importlib.import_module(f"devbench.suites.networks.{network}").build()
    context = StepContext(folder=folder, batch=batch, samples=lambda: _samples(model, batch or 1))
    artifact = Artifact(form="keras", value=model)
    recorded = []
    for name, given in (("saved_model", {}), (last, parameters)):
        step = importlib.import_module(f"devbench.variants.steps.{name}")
        before = artifact.size_bytes
        artifact = step.apply(artifact, {**step.PARAMETERS, **given}, context)
        noted = {**given, "samples": f"{SAMPLES} uniform -1..1, seed {SEED}"} if name == "int8" else given
        sizes = {"bytes_before": before, "bytes_after": artifact.size_bytes}
        recorded.append({"name": name, "tool": step.tool(), "parameters": noted, **sizes})
    assert artifact.path is not None
    return recorded, artifact.path


def _samples(model: Any, batch: int) -> Iterator[dict[str, Any]]:
    import numpy as np

    random = np.random.default_rng(SEED)
    for _ in range(SAMPLES):
        yield {
            tensor.name: random.uniform(-1, 1, (batch, *tensor.shape[1:])).astype(np.float32)
            for tensor in model.inputs
        }


def _entry(variant: str, model: str, network: str, file: Path, steps: list[dict[str, object]]) -> str:
    weights = "exact" if network == "and_gate" else "seeded"
    lines = ["", "[[file]]", f'variant = "{variant}"', f'model = "{model}"', f'file = "{file.name}"']
    lines += [f'sha256 = "{sha256_of(file)}"', f'weights = "{weights}"', "step = ["]
    first = {"name": "keras", "parameters": {"network": network, "seed": str(SEED)}}
    lines += [f"    {_toml(step)}," for step in [first, *steps]]
    return "\n".join([*lines, "]", ""])


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items() if v not in (None, {})) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    main()
