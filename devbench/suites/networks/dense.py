"""A multi-layer perceptron, made with an open batch size to show what dynamic shapes do to engines."""

from __future__ import annotations

from typing import Any

# a zero bias is left out by the converter, and XNNPACK of TFLite 2.4.0 crashes on a dense layer without one
BIAS = "random_normal"


def build() -> Any:
    import keras
    from keras import layers

    features = keras.Input((16,), name="features")
    x = layers.Dense(32, activation="relu", bias_initializer=BIAS)(features)
    return keras.Model(
        features, layers.Dense(4, activation="softmax", name="scores", bias_initializer=BIAS)(x)
    )
