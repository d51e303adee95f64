"""Two inputs of unlike shape and three outputs of unlike type, because real models are seldom one to one."""

from __future__ import annotations

from typing import Any

# a zero bias is left out by the converter, and XNNPACK of TFLite 2.4.0 crashes on a dense layer without one
BIAS = "random_normal"


def build() -> Any:
    import keras
    from keras import layers, ops

    image = keras.Input((16, 16, 1), name="image")
    position = keras.Input((4,), name="position")
    x = layers.Conv2D(8, 3, strides=2, activation="relu", bias_initializer=BIAS)(image)
    x = layers.Concatenate()([layers.Flatten()(x), position])
    x = layers.Dense(16, activation="relu", bias_initializer=BIAS)(x)
    scores = layers.Dense(10, activation="softmax", name="scores", bias_initializer=BIAS)(x)
    box = layers.Dense(4, name="box", bias_initializer=BIAS)(x)
    per_mille = layers.Lambda(lambda s: ops.cast(s * 1000.0, "int32"), name="per_mille")(scores)
    return keras.Model([image, position], [scores, box, per_mille])
