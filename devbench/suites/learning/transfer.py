"""Transfer learning: a trunk that stays as it is, and a new head that learns scenes from the trunk's features."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devbench.domain.held_out import HeldOut, Preprocessing
from devbench.errors import ModelError
from devbench.stats.accuracy import top_k_accuracy
from devbench.suites.learning.fit import array_once, keep, loaded, require
from devbench.suites.learning.scenes import CLASSES, PIXELS, scenes
from devbench.variants.held_out import prepared, write_held_out
from devbench.variants.source import Network, keras_network
from devbench.variants.weights import Pretrained

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# 36 in all: PatchNet takes half a second for each, on a phone several
HELD_OUT_PER_CLASS = 6
TRAIN_PER_CLASS = 40
# other pictures than those of any training, whatever the seed; and others again to tell whether it learnt
HELD_OUT_SEED, _CHECK_SEED = 1_000_003, 1_000_004
INCEPTION = Pretrained(
    file="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
    url="https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/"
    "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
)
# of a chunk: eager TensorFlow keeps every layer, several GB of PatchNet with 24 pictures
_CHUNK_PIXELS = 1 << 20
_SETTLE_IMAGES = 12
_CHECK_PER_CLASS, _LEAST_ACCURACY = 6, 0.8
_RIDGE, _STEEPNESS = 0.1, 12.0


def image_preprocessing(pixels: int) -> Preprocessing:
    """Scenes as these networks read them: resized, from -1 to 1."""
    return Preprocessing(
        resize=(pixels, pixels), channels="RGB", mean=(127.5,), scale=(1 / 127.5,), layout="NHWC"
    )


def held_out_scenes(folder: Path, how: Preprocessing) -> HeldOut:
    images, labels = scenes(HELD_OUT_PER_CLASS, seed=HELD_OUT_SEED)
    return write_held_out(
        folder / "held_out",
        name="scenes",
        metric="top1",
        inputs={"image": images},
        labels=labels,
        model_dtypes=("float32",),
        preprocessing=(how,),
        classes=CLASSES,
    )


def training_images(how: Preprocessing, seed: int, count: int, batch: int) -> Iterator[dict[str, Any]]:
    """`count` inputs of the training set, for calibrating int8."""
    import numpy as np

    images, _ = scenes(-(-count * batch // len(CLASSES)), seed=seed)
    for start in range(0, count * batch, batch):
        yield {"image": np.asarray(prepared(images[start : start + batch], how))}


def _load_or_seed(trunk: Any, weights: Path | None, how: Preprocessing, seed: int, shift: float) -> None:
    """ImageNet weights from the file, or seeded filters with batch norms settled on scenes."""
    if weights is None:
        _seed_filters(trunk, seed)
        _settle_batch_norms(trunk, how, seed, shift)
        return
    try:
        trunk.load_weights(str(weights))
    except (OSError, ValueError, KeyError) as e:
        raise ModelError(
            f"the weights in Keras' cache do not fit: {str(e)[:200]}", fix=f"remove {weights}"
        ) from e


def _seed_filters(trunk: Any, seed: int) -> None:
    """Smooth random filters: one number for each pair of channels, and a little noise from tap to tap.

    Random taps make noise of a picture within a few layers, and leave nothing for a head to learn from.
    """
    import keras
    import numpy as np

    random = np.random.default_rng(seed)
    for layer in trunk.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            continue
        kernel, *others = layer.get_weights()
        height, width, fan_in, _ = kernel.shape
        base = random.normal(0, 1, (1, 1, *kernel.shape[2:]))
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            base, fan_in = 0.5 + np.abs(base), 1
        kernel = (base + 0.5 * random.normal(0, 1, kernel.shape)) / np.sqrt(height * width * fan_in)
        layer.set_weights([kernel.astype(np.float32), *others])


def _settle_batch_norms(trunk: Any, how: Preprocessing, seed: int, shift: float) -> None:
    """Statistics of scenes, and a shift that keeps most values on the open side of the ReLU, where they pass."""
    import keras
    import numpy as np

    for layer in trunk.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
            layer.beta.assign(np.full(layer.beta.shape, shift, np.float32))
    images, _ = scenes(_SETTLE_IMAGES // len(CLASSES), seed=seed)
    # a batch norm that may not be trained does not look at its statistics either
    trunk.trainable = True
    trunk(prepared(images, how), training=True)
    trunk.trainable = False


def with_head(trunk: Any, image: Any, features: Any) -> Any:
    """A model from `image` over `features`, which `trunk` gives, to scores of the scenes."""
    import keras

    trunk.trainable = False
    head = keras.layers.Dense(len(CLASSES), activation="softmax", name="scores")
    return keras.Model(image, head(features))


def train(
    model: Any,
    trunk: Any,
    folder: Path,
    how: Preprocessing,
    *,
    seed: int,
    weights: Path | None,
    settle: Preprocessing | None = None,
    per_class: int = TRAIN_PER_CLASS,
    shift: float = 2.0,
) -> None:
    """Trains the last layer of `model` on what the layers before it give for scenes.

    `settle` is how the trunk alone reads scenes, where that differs from `how`, `shift` the deviations by which
    batch norms of a seeded trunk lift their values. Features are kept in chunks, so that an interrupted training
    goes on from the last one. ModelError when it learnt too little.
    """
    if loaded(model, folder):
        return
    import keras
    import numpy as np

    _load_or_seed(trunk, weights, settle or how, seed, shift)
    features = keras.Model(model.input, model.layers[-1].input)
    chunk = max(1, _CHUNK_PIXELS // math.prod(how.resize or (PIXELS, PIXELS)))

    def features_of(images: Array, name: str) -> Array:
        chunks = []
        for start in range(0, len(images), chunk):
            ready = prepared(images[start : start + chunk], how)
            file = folder / "features" / f"{name}-{start}.npy"
            chunks.append(array_once(file, lambda ready=ready: np.asarray(features(ready, training=False))))  # type: ignore[misc]
        return np.concatenate(chunks)

    images, labels = scenes(per_class, seed=seed)
    model.layers[-1].set_weights(_regression(features_of(images, "train"), labels))
    others, their_labels = scenes(_CHECK_PER_CLASS, seed=_CHECK_SEED)
    kernel, bias = model.layers[-1].get_weights()
    reached = top_k_accuracy(features_of(others, "check") @ kernel + bias, their_labels)
    require(reached, _LEAST_ACCURACY, "the retrained classifier", folder)
    keep(model, folder)


def classifier(model: Any, folder: Path, how: Preprocessing, seed: int) -> Network:
    """The trained model with its held-out set, and training pictures to calibrate int8."""
    return keras_network(
        model,
        samples=lambda count, batch: training_images(how, seed, count, batch),
        held_out=held_out_scenes(folder, how),
    )


def _regression(features: Array, labels: Array) -> tuple[Array, Array]:
    """Ridge regression on the classes, from standardised features and scaled back to raw ones.

    In its dual form, since there are more features than pictures; the factor makes shares of its answers.
    """
    import numpy as np

    features = features.astype(np.float64)
    mean, deviation = features.mean(0), features.std(0)
    deviation = deviation + 1e-3 * deviation.mean() + 1e-12
    ready = (features - mean) / deviation
    wanted = np.eye(len(CLASSES))[labels]
    kernel = ready @ ready.T / ready.shape[1]
    dual = np.linalg.solve(kernel + _RIDGE * np.eye(len(kernel)), wanted - wanted.mean(0))
    weights = _STEEPNESS * (ready.T @ dual) / ready.shape[1] / deviation[:, None]
    bias = _STEEPNESS * wanted.mean(0) - mean @ weights
    return weights.astype(np.float32), bias.astype(np.float32)
