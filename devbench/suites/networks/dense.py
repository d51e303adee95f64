"""A multi-layer perceptron, made with an open batch size to show what dynamic shapes do to engines."""

from __future__ import annotations

from typing import Any


def build() -> Any:
    import keras
    from keras import layers

    features = keras.Input((16,), name="features")
    x = layers.Dense(32, activation="relu")(features)
    return keras.Model(features, layers.Dense(4, activation="softmax", name="scores")(x))
