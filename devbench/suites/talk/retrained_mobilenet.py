"""Retrained MobileNet: the trunk of MobileNet v1 as it is, a new head that learns scenes.

`retrained_mobilenet_<width>_<pixels>`.
"""

from __future__ import annotations

from pathlib import Path

from devbench.suites.learning import fit, scenes, transfer
from devbench.variants import held_out
from devbench.variants.source import Network
from devbench.variants.weights import Pretrained

SIZES = {"1.0_224": (1.0, 224), "0.5_160": (0.5, 160), "0.25_128": (0.25, 128), "0.25_64": (0.25, 64)}
NAMES = tuple(f"retrained_mobilenet_{size}" for size in SIZES)
CODE = tuple(Path(str(module.__file__)) for module in (fit, scenes, transfer, held_out))
_BASE = "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/"
# fast enough to look at more pictures than the others do
_TRAIN_PER_CLASS = 80
# of seeded batch norms: with a larger one layers hardly bend, and weights of 8 bits lead the last of them far off
_SHIFT = 1.0
# Keras' weight files spell the width so
_SPELLING = {0.25: "2_5", 0.5: "5_0", 1.0: "1_0"}
# there are none for smaller pictures; a network without dense layers takes those of another size
_SMALLEST_PRETRAINED = 128


def TRUNK(name: str) -> Pretrained:  # noqa: N802
    width, pixels = _size(name)
    file = f"mobilenet_{_SPELLING[width]}_{max(pixels, _SMALLEST_PRETRAINED)}_tf_no_top.h5"
    return Pretrained(file=file, url=f"{_BASE}{file}")


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras

    width, pixels = _size(name)
    keras.utils.set_random_seed(seed)
    image = keras.Input((pixels, pixels, 3), name="image")
    trunk = keras.applications.MobileNet(
        input_tensor=image, alpha=width, include_top=False, pooling="avg", weights=None
    )
    how = transfer.image_preprocessing(pixels)
    model = transfer.with_head(trunk, image, trunk.output)
    transfer.train(
        model, trunk, folder, how, seed=seed, weights=weights, per_class=_TRAIN_PER_CLASS, shift=_SHIFT
    )
    return transfer.classifier(model, folder, how, seed)


def _size(name: str) -> tuple[float, int]:
    return SIZES[name.removeprefix("retrained_mobilenet_")]
