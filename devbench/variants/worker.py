"""The process in which TensorFlow runs: it makes the variants of one recipe and tells about it line by line.

A process of its own keeps devbench light, takes TensorFlow's chatter away, and turns its crashes into errors.
Started by `child.py` with a file of what to do; every line on stdout is one JSON object, all else is log.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from devbench.domain.codec import Json, from_json, to_json
from devbench.domain.held_out import HeldOut
from devbench.domain.suite import Recipe
from devbench.domain.variant import Step
from devbench.errors import DevbenchError, ModelError
from devbench.variants.artifact import Samples
from devbench.variants.chain import Chains
from devbench.variants.held_out import model_inputs, with_reference
from devbench.variants.source import Network, load_source

# values of a chunk: eager TensorFlow keeps every layer
_CHUNK_VALUES = 3 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRequest:
    """A recipe with complete chains, the weights chosen for it, and the folder to work in.

    `training` is a folder that is kept: what was trained there is found again, half of it goes on from there.
    """

    recipe: Recipe
    weights_kind: str
    weights_file: str | None
    weights_note: str | None
    folder: str
    training: str


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
    network = source.make(name, seed=recipe.seed, weights=weights, folder=Path(request.training))
    first = _source_step(request, network)

    def started(step: str) -> None:
        _tell(events, event="doing", what=f"{recipe.model}: {step}")

    chains = Chains(
        network.artifact,
        folder=folder,
        batch=recipe.batch,
        samples=representative_samples(network, recipe) if recipe.samples else None,
        started=started,
    )
    held_out = held_out_of(network, started)
    for variant in recipe.variants:
        artifact, steps = chains.run(variant.steps)
        if artifact.path is None or not artifact.path.is_file():
            raise ModelError(f"variant {variant.name} ends as {artifact.form}, not as a file")
        records: Json = [to_json(step) for step in (first, *steps)]
        _tell(
            events,
            event="built",
            variant=variant.name,
            file=str(artifact.path),
            steps=records,
            held_out=to_json(held_out),
        )


def held_out_of(network: Network, started: Callable[[str], None]) -> HeldOut | None:
    """The network's held-out set, with what the network says of it where Keras can run it: for parity."""
    held_out = network.held_out
    if held_out is None or network.artifact.form != "keras":
        return held_out
    import numpy as np

    started("its own answers for the held-out set")
    inputs = model_inputs(held_out)
    names = [data.name for data in held_out.inputs]
    answers = []
    chunk = max(1, _CHUNK_VALUES // sum(values[0].size for values in inputs))
    for start in range(0, held_out.count, chunk):
        part = {name: values[start : start + chunk] for name, values in zip(names, inputs, strict=True)}
        said = network.artifact.value(part if len(part) > 1 else part[names[0]], training=False)
        first = next(iter(said.values())) if isinstance(said, dict) else said
        answers.append(np.asarray(first[0] if isinstance(first, list | tuple) else first))
    return with_reference(held_out, np.concatenate(answers))


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
    return Step(
        name=network.artifact.form,
        parameters=parameters,
        tool=network.tool,
        bytes_after=network.artifact.size_bytes,
    )


def representative_samples(network: Network, recipe: Recipe) -> Samples:
    """Inputs of the network's training data where it has any, else seeded uniform ones in its range.

    They are the same at every call.
    """
    batch = recipe.batch or 1
    own = network.samples
    if own is not None:
        return Samples(f"{recipe.samples} inputs of its training data", lambda: own(recipe.samples, batch))
    low = network.low if recipe.low is None else recipe.low
    high = network.high if recipe.high is None else recipe.high
    note = f"{recipe.samples} inputs, uniform {low} to {high}, seed {recipe.seed}"
    return Samples(note, lambda: _uniform(network, recipe.samples, (low, high), batch, recipe.seed))


def _uniform(
    network: Network, count: int, limits: tuple[float, float], batch: int, seed: int
) -> Iterator[dict[str, Any]]:
    import numpy as np

    random = np.random.default_rng(seed)
    for _ in range(count):
        inputs = {}
        for tensor in network.inputs:
            shape = [batch if place == 0 else size or 1 for place, size in enumerate(tensor.shape)]
            inputs[tensor.name] = random.uniform(*limits, shape).astype(tensor.dtype)
        yield inputs


def _stdout_for_events_only() -> TextIO:
    """The real stdout for events; file descriptor 1 becomes stderr, since TensorFlow's C++ writes there too."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _tell(events: TextIO, **event: Json) -> None:
    events.write(json.dumps(event) + "\n")
    events.flush()


if __name__ == "__main__":
    code = main(sys.argv)
    sys.stderr.flush()
    # TensorFlow takes seconds to take itself down, and has nothing to save
    os._exit(code)
