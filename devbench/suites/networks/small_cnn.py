"""A small image classifier, because its four number formats fit into the package and run anywhere.

He initialisation keeps the activations' size through the layers, and the steep last layer spreads the scores:
untrained as it is, its outputs differ between inputs, so that a wrong result is seen as one.
"""

from __future__ import annotations

from typing import Any

# a zero bias is left out by the converter, and XNNPACK of TFLite 2.4.0 crashes on a dense layer without one
BIAS = "random_normal"


def build() -> Any:
    import keras
    from keras import layers

    def convolution(filters: int, strides: int) -> Any:
        return layers.Conv2D(
            filters,
            3,
            strides=strides,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            bias_initializer=BIAS,
        )

    steep = keras.initializers.VarianceScaling(scale=8.0)
    image = keras.Input((32, 32, 3), name="image")
    x = convolution(16, 1)(image)
    x = convolution(32, 2)(x)
    x = convolution(32, 2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    scores = layers.Dense(
        10, activation="softmax", kernel_initializer=steep, name="scores", bias_initializer=BIAS
    )(x)
    return keras.Model(image, scores)
