"""Inputs that a model never saw in training, with their right answers: what its accuracy is measured on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

AccuracyMetric: TypeAlias = Literal["top1", "binary", "exact_match", "mean_absolute_error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """What makes of a raw input what the model reads, as data, so that host and phone do the same.

    In this order: an image of [height, width, 3] uint8 in RGB is resized to `resize` (height, width; bilinear, the
    centres of pixels count); its channels are put into the order `channels`; value = (raw - mean) * scale, with one
    number for all or one for each element of the last axis; `layout` NCHW moves the channels to the front. None and
    the defaults change nothing.
    """

    resize: tuple[int, ...] | None = None
    channels: Literal["RGB", "BGR"] | None = None
    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    layout: Literal["NHWC", "NCHW"] | None = None

    @property
    def changes_nothing(self) -> bool:
        return (
            self.resize is None
            and self.channels in (None, "RGB")
            and set(self.mean) == {0.0}
            and set(self.scale) == {1.0}
            and self.layout in (None, "NHWC")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One tensor as a plain file: little-endian values in row order, nothing else.

    `file` is its name in the folder; `shape` has the count of the set first; `dtype` is NumPy's name.
    """

    name: str
    file: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """A held-out set on this host, below `folder`, which also holds this description as `held_out.json`.

    `inputs` are raw, one file for each input of the model in its order, each made ready by `preprocessing` of the
    same place; `model_dtypes` are the types that the model reads. `labels` are what the first output is judged by:
    `top1` and `exact_match` compare the position of the largest score along the last axis with an int32 label,
    `binary` an output above one half with 0 or 1, `mean_absolute_error` takes the mean distance, in `unit`.
    `classes` names the positions of the scores. `reference` is what the network itself, before any conversion, said
    of the set on the host: the first output, None where that is not known.
    """

    name: str
    folder: str
    count: int
    metric: AccuracyMetric
    inputs: tuple[DataFile, ...]
    model_dtypes: tuple[str, ...]
    preprocessing: tuple[Preprocessing, ...]
    labels: DataFile
    classes: tuple[str, ...] = field(default=())
    unit: str | None = None
    reference: DataFile | None = None
