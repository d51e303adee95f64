"""The process in which TensorFlow runs: it makes the variants of one recipe and tells about it line by line.

A process of its own keeps devbench light, takes TensorFlow's chatter away, and turns its crashes into errors.
Started by `child.py` with a file of what to do; every line on stdout is one JSON object, all else is log.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from devbench.domain.codec import Json, from_json, to_json
from devbench.domain.suite import Recipe
from devbench.domain.variant import Step
from devbench.errors import DevbenchError, ModelError
from devbench.variants.artifact import Artifact, Samples
from devbench.variants.chain import Chains
from devbench.variants.source import Network, load_source


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRequest:
    """A recipe with complete chains, the weights chosen for it, and the folder to work in."""

    recipe: Recipe
    weights_kind: str
    weights_file: str | None
    weights_note: str | None
    folder: str


def main(argv: list[str]) -> int:
    events = _stdout_for_events_only()
    request = from_json(WorkRequest, json.loads(Path(argv[1]).read_text(encoding="utf-8")))
    try:
        make_variants(request, events)
    except DevbenchError as e:
        _tell(events, event="failed", message=e.message, fix=e.fix)
        return 1
    except Exception as e:
        traceback.print_exc()
        _tell(events, event="failed", message=f"{type(e).__name__}: {str(e)[:400]}", fix=None)
        return 1
    return 0


def make_variants(request: WorkRequest, events: TextIO) -> None:
    recipe, folder = request.recipe, Path(request.folder)
    _tell(events, event="doing", what=f"{recipe.model}: loading TensorFlow")
    _require_tensorflow_backend()
    source, name = load_source(recipe.source)
    weights = Path(request.weights_file) if request.weights_file is not None else None
    _tell(
        events, event="doing", what=f"{recipe.model}: making {recipe.source}, {request.weights_kind} weights"
    )
    network = source.make(name, seed=recipe.seed, weights=weights)
    first = _source_step(request, network)

    def started(step: str) -> None:
        _tell(events, event="doing", what=f"{recipe.model}: {step}")

    chains = Chains(
        Artifact(form="keras", value=network.model),
        folder=folder,
        batch=recipe.batch,
        samples=uniform_samples(network, recipe) if recipe.samples else None,
        started=started,
    )
    for variant in recipe.variants:
        artifact, steps = chains.run(variant.steps)
        if artifact.path is None or not artifact.path.is_file():
            raise ModelError(f"variant {variant.name} ends as {artifact.form}, not as a file")
        records: Json = [to_json(step) for step in (first, *steps)]
        _tell(events, event="built", variant=variant.name, file=str(artifact.path), steps=records)


def _require_tensorflow_backend() -> None:
    import keras

    backend = keras.config.backend()
    if backend != "tensorflow":
        raise ModelError(
            f"Keras is set to use {backend}, but only TensorFlow can write .tflite",
            fix='set "backend": "tensorflow" in ~/.keras/keras.json and unset KERAS_BACKEND',
        )


def _source_step(request: WorkRequest, network: Network) -> Step:
    recipe = request.recipe
    parameters = {"source": recipe.source, "weights": request.weights_kind, "seed": str(recipe.seed)}
    parameters["batch"] = "open" if recipe.batch is None else str(recipe.batch)
    if request.weights_note is not None:
        parameters["weights_note"] = request.weights_note
    return Step(name="keras", parameters=parameters, tool=network.tool)


def uniform_samples(network: Network, recipe: Recipe) -> Samples:
    """Seeded uniform inputs in the network's range, the same ones at every call."""
    import numpy as np

    def make() -> Iterator[dict[str, Any]]:
        random = np.random.default_rng(recipe.seed)
        for _ in range(recipe.samples):
            yield {
                tensor.name: random.uniform(
                    network.low, network.high, (recipe.batch or 1, *tensor.shape[1:])
                ).astype(np.float32)
                for tensor in network.model.inputs
            }

    note = f"{recipe.samples} inputs, uniform {network.low} to {network.high}, seed {recipe.seed}"
    return Samples(note, make)


def _stdout_for_events_only() -> TextIO:
    """The real stdout for events; file descriptor 1 becomes stderr, since TensorFlow's C++ writes there too."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _tell(events: TextIO, **event: Json) -> None:
    events.write(json.dumps(event) + "\n")
    events.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
