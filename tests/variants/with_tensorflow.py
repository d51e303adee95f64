"""Run by test_build.py in a process of its own: what needs TensorFlow in hand rather than behind the worker."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from devbench.domain.suite import StepCall
from devbench.errors import ModelError
from devbench.suites.sources import keras as keras_source
from devbench.variants.artifact import Artifact
from devbench.variants.chain import Chains, complete_chain


def refused_operator() -> str:
    """The message for a network with an operator that TFLite lacks."""
    value = keras.Input((4,), name="value")
    best = keras.layers.Lambda(lambda v: keras.ops.bitwise_and(keras.ops.cast(v, "int32"), 3), name="best")
    chains = Chains(
        Artifact(form="keras", value=keras.Model(value, best(value))),
        folder=Path(tempfile.mkdtemp(dir=sys.argv[1])),
        batch=1,
        samples=None,
        started=lambda step: None,
    )
    try:
        chains.run(complete_chain([StepCall(name="fp32")]))
    except ModelError as e:
        return e.message
    return "nothing was refused"


def weights_from_file() -> dict[str, Any]:
    """How far outputs are apart: trained weights from a file against their origin, and one seed against another."""
    name, image = "mobilenet_v1_0.25_128", np.zeros((1, 128, 128, 3), np.float32)
    folder = Path(sys.argv[1])
    file = folder / "weights.h5"
    origin = keras_source.make(name, seed=1, weights=None, folder=folder).artifact.value
    origin.save(file)
    restored = keras_source.make(name, seed=2, weights=file, folder=folder).artifact.value
    other = keras_source.make(name, seed=2, weights=None, folder=folder).artifact.value
    again = keras_source.make(name, seed=1, weights=None, folder=folder).artifact.value
    outputs = [np.asarray(model(image, training=False)) for model in (origin, restored, other, again)]
    apart = [float(np.abs(output - outputs[0]).max()) for output in outputs[1:]]
    file.write_bytes(b"no weights")
    try:
        keras_source.make(name, seed=1, weights=file, folder=folder)
        damaged = "nothing was refused"
    except ModelError as e:
        damaged = e.message
    return {"restored": apart[0], "other_seed": apart[1], "same_seed": apart[2], "damaged": damaged}


if __name__ == "__main__":
    result = {"refused": refused_operator(), "weights": weights_from_file()}
    (Path(sys.argv[1]) / "result.json").write_text(json.dumps(result))
