"""Estimate weight: height, sex and age to kg, with feature scaling stored beside the model as data.

The scaling is no part of the network, as in the talk: whoever runs the model has to do it too, and a phone that
forgets it gets wrong answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devbench.domain.held_out import Preprocessing
from devbench.suites.learning import fit, people
from devbench.suites.learning.fit import fit_once, require
from devbench.variants import held_out as plain_files
from devbench.variants.held_out import prepared, write_held_out
from devbench.variants.source import Network, keras_network

NAMES = ("estimate_weight",)
CODE = (Path(people.__file__), Path(fit.__file__), Path(plain_files.__file__))
TRUNK = None
TRAIN, HELD_OUT = 4096, 200
_HELD_OUT_SEED = 1_000_003
_EPOCHS, _BATCH, _RATE = 20, 64, 5e-3
_WORST_KG = 7.0


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras
    import numpy as np

    features, kg = people.people(TRAIN, seed=seed)
    mean, deviation = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    scaling = Preprocessing(mean=tuple(mean.tolist()), scale=tuple((1 / deviation).tolist()))
    keras.utils.set_random_seed(seed)
    person = keras.Input((len(people.FEATURES),), name="person")
    x = keras.layers.Dense(32, activation="relu")(person)
    x = keras.layers.Dense(32, activation="relu")(x)
    typical = keras.initializers.Constant(float(kg.mean()))
    model = keras.Model(person, keras.layers.Dense(1, name="kg", bias_initializer=typical)(x))
    model.compile(keras.optimizers.Adam(_RATE), "mean_absolute_error", jit_compile=False)
    fit_once(model, folder, prepared(features, scaling), kg, epochs=_EPOCHS, batch=_BATCH)

    others, their_kg = people.people(HELD_OUT, seed=_HELD_OUT_SEED)
    apart = np.abs(np.asarray(model(prepared(others, scaling), training=False)) - their_kg).mean()
    require(-float(apart), -_WORST_KG, "estimate weight (kg, negative)", folder)
    held_out = write_held_out(
        folder / "held_out",
        name="people",
        metric="mean_absolute_error",
        inputs={"person": others},
        labels=their_kg,
        model_dtypes=("float32",),
        preprocessing=(scaling,),
        unit="kg",
    )

    def samples(count: int, batch: int) -> Any:
        ready = prepared(features[: count * batch], scaling)
        for start in range(0, count * batch, batch):
            yield {"person": ready[start : start + batch]}

    return keras_network(model, low=-3.0, high=3.0, samples=samples, held_out=held_out)
