"""Retrained Inception-v3: its trunk as it is, a new head that learns scenes. `retrained_inception_<pixels>`."""

from __future__ import annotations

from pathlib import Path

from devbench.suites.learning import fit, scenes, transfer
from devbench.variants import held_out
from devbench.variants.source import Network
from devbench.variants.weights import Pretrained

SIZES = {"299": 299, "75": 75}
NAMES = tuple(f"retrained_inception_{size}" for size in SIZES)
CODE = tuple(Path(str(module.__file__)) for module in (fit, scenes, transfer, held_out))


def TRUNK(name: str) -> Pretrained:  # noqa: N802
    return transfer.INCEPTION


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras

    pixels = SIZES[name.removeprefix("retrained_inception_")]
    keras.utils.set_random_seed(seed)
    image = keras.Input((pixels, pixels, 3), name="image")
    trunk = keras.applications.InceptionV3(input_tensor=image, include_top=False, pooling="avg", weights=None)
    how = transfer.image_preprocessing(pixels)
    model = transfer.with_head(trunk, image, trunk.output)
    transfer.train(model, trunk, folder, how, seed=seed, weights=weights)
    return transfer.classifier(model, folder, how, seed)
