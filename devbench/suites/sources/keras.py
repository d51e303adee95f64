"""`keras:NAME`: image classifiers of keras.applications, named `mobilenet_v1_<width>_<pixels>` and so on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devbench.errors import ModelError
from devbench.variants.source import Network, keras_network, require_one_of
from devbench.variants.weights import Pretrained, Weights

_BASE = "https://storage.googleapis.com/tensorflow/keras-applications/"
_WIDTHS = {"mobilenet_v1": (0.25, 0.5, 0.75, 1.0), "mobilenet_v2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)}
_PIXELS = {"mobilenet_v1": (128, 160, 192, 224), "mobilenet_v2": (96, 128, 160, 192, 224)}
# Keras' weight files of MobileNet v1 spell the width so.
_V1_SPELLING = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_CALIBRATION_IMAGES = 8


def names() -> tuple[str, ...]:
    return tuple(
        f"{family}_{width}_{pixels}"
        for family, widths in _WIDTHS.items()
        for width in widths
        for pixels in _PIXELS[family]
    )


def require(name: str) -> None:
    require_one_of(names(), name, "keras")


def form(name: str) -> str:
    return "keras"


def code_files(name: str) -> tuple[Path, ...]:
    return (Path(__file__),)


def pretrained(name: str) -> Pretrained | None:
    family, width, pixels = _parts(name)
    if family == "mobilenet_v1":
        file = f"mobilenet_{_V1_SPELLING[width]}_{pixels}_tf.h5"
        return Pretrained(file=file, url=f"{_BASE}mobilenet/{file}")
    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{width}_{pixels}.h5"
    return Pretrained(file=file, url=f"{_BASE}mobilenet_v2/{file}")


def weights(name: str, chosen: Weights) -> Weights:
    return chosen


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras

    family, width, pixels = _parts(name)
    application = {
        "mobilenet_v1": keras.applications.MobileNet,
        "mobilenet_v2": keras.applications.MobileNetV2,
    }[family]
    keras.utils.set_random_seed(seed)
    image = keras.Input((pixels, pixels, 3), name="image")
    model = application(input_tensor=image, alpha=width, weights=None)
    if weights is None:
        _settle_batch_norms(model, pixels, seed)
    else:
        _load(model, weights)
    return keras_network(model)


def _parts(name: str) -> tuple[str, float, int]:
    family, width, pixels = name.rsplit("_", 2)
    return family, float(width), int(pixels)


def _load(model: Any, weights: Path) -> None:
    try:
        model.load_weights(str(weights))
    except (OSError, ValueError, KeyError) as e:
        raise ModelError(
            f"the weights in Keras' cache do not fit: {str(e)[:200]}", fix=f"remove {weights}"
        ) from e


def _settle_batch_norms(model: Any, pixels: int, seed: int) -> None:
    """Gives untrained batch norms the statistics of seeded images.

    Without them the activations of a deep network of random weights fade to nothing, and every variant of it,
    however broken, would give the same output.
    """
    import keras
    import numpy as np

    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    images = np.random.default_rng(seed).uniform(-1, 1, (_CALIBRATION_IMAGES, pixels, pixels, 3))
    for norm in norms:
        norm.momentum = 0.0
    model(images.astype(np.float32), training=True)
