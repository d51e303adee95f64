"""The control network: pinned work of a few ms on one PC core, against which the noise of a session is seen.

Plain float convolutions only, so that every engine of every age runs it.
"""

from __future__ import annotations

from typing import Any

# a zero bias is left out by the converter, and XNNPACK of TFLite 2.4.0 crashes on a dense layer without one
BIAS = "random_normal"


def build() -> Any:
    import keras
    from keras import layers

    image = keras.Input((128, 128, 3), name="image")
    x = layers.Conv2D(16, 3, padding="same", activation="relu", bias_initializer=BIAS)(image)
    x = layers.Conv2D(16, 3, padding="same", activation="relu", bias_initializer=BIAS)(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu", bias_initializer=BIAS)(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", bias_initializer=BIAS)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="scores", bias_initializer=BIAS)(x))
