"""A logic gate, sigmoid(10 a + 10 b - 15): the smallest network whose right answer anybody knows."""

from __future__ import annotations

from typing import Any


def build() -> Any:
    import keras
    import numpy as np
    from keras import layers

    bits = keras.Input((2,), name="bits")
    model = keras.Model(bits, layers.Dense(1, activation="sigmoid", name="both")(bits))
    model.set_weights([np.full((2, 1), 10.0, np.float32), np.full((1,), -15.0, np.float32)])
    return model
