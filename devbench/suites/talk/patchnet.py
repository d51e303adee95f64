"""PatchNet: Inception-v3 on four overlapping patches of a larger picture, their features joined before the head.

The talk names PatchNet and gives its numbers, but not its layers: this is a stand-in of the same kind and cost, a
few times Inception-v3's. `patchnet_<pixels of a patch>`; the picture is one and a half patches wide, so that
patches overlap by half. What is joined is the mean and the largest of each feature over the patches.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devbench.suites.learning import fit, scenes, transfer
from devbench.variants import held_out
from devbench.variants.source import Network
from devbench.variants.weights import Pretrained

SIZES = {"224": 224, "75": 75}
NAMES = tuple(f"patchnet_{size}" for size in SIZES)
CODE = tuple(Path(str(module.__file__)) for module in (fit, scenes, transfer, held_out))
# four patches a picture: as many pictures as Inception-v3 learns from would take four times as long
_TRAIN_PER_CLASS = 20


def TRUNK(name: str) -> Pretrained:  # noqa: N802
    return transfer.INCEPTION


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    import keras

    patch = SIZES[name.removeprefix("patchnet_")]
    stride = patch // 2
    keras.utils.set_random_seed(seed)
    trunk = keras.applications.InceptionV3(
        input_shape=(patch, patch, 3), include_top=False, pooling="avg", weights=None
    )
    image = keras.Input((patch + stride, patch + stride, 3), name="image")
    model = transfer.with_head(trunk, image, _joined(trunk, image, patch, stride))
    how = transfer.image_preprocessing(patch + stride)
    settle = transfer.image_preprocessing(patch)
    transfer.train(
        model, trunk, folder, how, seed=seed, weights=weights, settle=settle, per_class=_TRAIN_PER_CLASS
    )
    return transfer.classifier(model, folder, how, seed)


def _joined(trunk: Any, image: Any, patch: int, stride: int) -> Any:
    """All patches go through the trunk as one batch, one patch after another."""
    import keras

    layers = keras.layers
    offsets = [(top, left) for top in (0, stride) for left in (0, stride)]
    crops = [
        layers.Cropping2D(((top, stride - top), (left, stride - left)), name=f"patch_{place}")(image)
        for place, (top, left) in enumerate(offsets)
    ]
    features = trunk(layers.Concatenate(axis=0, name="patches")(crops))
    apart = keras.ops.reshape(features, (len(offsets), -1, trunk.output.shape[-1]))
    return layers.Concatenate(name="joined")([keras.ops.mean(apart, axis=0), keras.ops.max(apart, axis=0)])
