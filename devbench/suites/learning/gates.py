"""Logic gates: two bits in, one out, learnt from all four rows of the truth table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devbench.domain.held_out import Preprocessing
from devbench.suites.learning.fit import fit_once, require
from devbench.variants.held_out import write_held_out
from devbench.variants.source import Network, keras_network

ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))
_REPEATS, _EPOCHS, _BATCH, _RATE = 256, 12, 8, 0.05


def make_gate(name: str, truth: tuple[int, ...], hidden: int, *, seed: int, folder: Path) -> Network:
    """sigmoid(bits · weights + bias) by Adam, with `hidden` units before it where one layer cannot tell the rows.

    ModelError when it did not learn its table. The rows are its held-out set too: there are no others.
    """
    import keras
    import numpy as np

    keras.utils.set_random_seed(seed)
    bits = keras.Input((2,), name="bits")
    x = keras.layers.Dense(hidden, activation="tanh", name="hidden")(bits) if hidden else bits
    model = keras.Model(bits, keras.layers.Dense(1, activation="sigmoid", name="truth")(x))
    model.compile(keras.optimizers.Adam(_RATE), "binary_crossentropy", jit_compile=False)
    rows = np.asarray(ROWS, np.float32)
    wanted = np.asarray(truth, np.float32)[:, None]
    fit_once(
        model,
        folder,
        np.tile(rows, (_REPEATS, 1)),
        np.tile(wanted, (_REPEATS, 1)),
        epochs=_EPOCHS,
        batch=_BATCH,
    )
    right = (np.asarray(model(rows, training=False)) > 0.5) == (wanted > 0.5)
    require(float(right.mean()), 1.0, f"the gate {name}", folder)
    held_out = write_held_out(
        folder / "held_out",
        name="truth table",
        metric="binary",
        inputs={"bits": rows},
        labels=np.asarray(truth, np.int32),
        model_dtypes=("float32",),
        preprocessing=(Preprocessing(),),
        classes=("0", "1"),
    )

    def samples(count: int, batch: int) -> Any:
        for place in range(count):
            yield {"bits": np.tile(rows[place % len(rows)], (batch, 1))}

    return keras_network(model, low=0.0, high=1.0, samples=samples, held_out=held_out)
