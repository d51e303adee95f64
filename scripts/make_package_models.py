"""Makes devbench/data/models/: the control model and the small ones, with the index that pins their hashes.

The committed files are the truth: another TensorFlow may write other bytes for the same network, so this runs
only when a network changes, and the hashes in index.toml change with it.

    python scripts/make_package_models.py            # needs TensorFlow: pip install -e '.[models]'
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from devbench.domain.codec import to_json
from devbench.domain.suite import Recipe, StepCall
from devbench.domain.variant import Step
from devbench.hashing import sha256_of
from devbench.variants.chain import Chains, complete_chain
from devbench.variants.source import load_source
from devbench.variants.worker import representative_samples

FOLDER = Path(__file__).parent.parent / "devbench" / "data" / "models"
SEED = 20260101
SAMPLES = 32

# variant id, model, network, batch (None: open), last step
FILES: tuple[tuple[str, str, str, int | None, StepCall], ...] = (
    ("control", "control", "control", 1, StepCall(name="fp32")),
    ("small-cnn-fp32", "small-cnn", "small_cnn", 1, StepCall(name="fp32")),
    ("small-cnn-fp16", "small-cnn", "small_cnn", 1, StepCall(name="fp16")),
    ("small-cnn-dynamic-int8", "small-cnn", "small_cnn", 1, StepCall(name="dynamic_int8")),
    ("small-cnn-int8", "small-cnn", "small_cnn", 1, StepCall(name="int8")),
    (
        "small-cnn-int8-io",
        "small-cnn-int8-io",
        "small_cnn",
        1,
        StepCall(name="int8", parameters={"io": "int8"}),
    ),
    ("and-gate", "and-gate", "and_gate", 1, StepCall(name="fp32")),
    ("two-inputs", "two-inputs", "two_inputs", 1, StepCall(name="fp32")),
    ("dynamic-batch", "dynamic-batch", "dense", None, StepCall(name="fp32")),
)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    entries = []
    for variant, model, network, batch, call in FILES:
        recipe = Recipe(
            model=model, source=f"network:{network}", variants=(), seed=SEED, batch=batch, samples=SAMPLES
        )
        with tempfile.TemporaryDirectory() as folder:
            steps, made = _make(recipe, call, Path(folder))
            file = FOLDER / f"{variant}.tflite"
            file.write_bytes(made.read_bytes())
        entries.append(_entry(variant, recipe, file, steps))
    head = "# Written by scripts/make_package_models.py. The files are the truth; the hashes pin them.\n"
    (FOLDER / "index.toml").write_text(head + "".join(entries), encoding="utf-8")


def _make(recipe: Recipe, call: StepCall, folder: Path) -> tuple[list[Step], Path]:
    import keras

    keras.backend.clear_session()
    source, name = load_source(recipe.source)
    network = source.make(name, seed=recipe.seed, weights=None, folder=folder / "training")
    samples = representative_samples(network, recipe)
    first = Step(name="keras", parameters={"source": recipe.source, "seed": str(SEED)}, tool=network.tool)
    chains = Chains(
        network.artifact,
        folder=folder,
        batch=recipe.batch,
        samples=samples,
        started=lambda step: None,
    )
    artifact, steps = chains.run(complete_chain([call]))
    assert artifact.path is not None
    return [first, *steps], artifact.path


def _entry(variant: str, recipe: Recipe, file: Path, steps: list[Step]) -> str:
    weights = "exact" if recipe.source == "network:and_gate" else "seeded"
    lines = ["", "[[file]]", f'variant = "{variant}"', f'model = "{recipe.model}"', f'file = "{file.name}"']
    lines += [f'sha256 = "{sha256_of(file)}"', f'weights = "{weights}"', "step = ["]
    lines += [f"    {_toml(to_json(step))}," for step in steps]
    return "\n".join([*lines, "]", ""])


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items() if v not in (None, {}, [])) + " }"
        )
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    main()
