"""Held-out sets as plain files: written beside the variants, read back with a check, made ready for a model.

<folder>/held_out.json, inputs-<n>.bin, labels.bin, reference.bin; domain/held_out.py says what each key means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devbench.domain.codec import from_json, to_json
from devbench.domain.held_out import AccuracyMetric, DataFile, HeldOut, Preprocessing
from devbench.errors import ModelError
from devbench.hashing import sha256_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DESCRIPTION = "held_out.json"


def write_held_out(
    folder: Path,
    *,
    name: str,
    metric: AccuracyMetric,
    inputs: Mapping[str, Array],
    labels: Array,
    model_dtypes: Sequence[str],
    preprocessing: Sequence[Preprocessing],
    classes: Sequence[str] = (),
    unit: str | None = None,
) -> HeldOut:
    """The set in files below `folder`; `inputs` are raw, by the names and in the order of the model's inputs."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(len(values) != len(labels) for values in inputs.values()):
        raise ValueError(f"{name}: inputs and labels differ in their count")
    if not len(inputs) == len(model_dtypes) == len(preprocessing):
        raise ValueError(f"{name}: every input needs one type and one preprocessing")
    held_out = HeldOut(
        name=name,
        folder=str(folder.absolute()),
        count=len(labels),
        metric=metric,
        inputs=tuple(
            write_tensor(folder / f"inputs-{place}.bin", key, values)
            for place, (key, values) in enumerate(inputs.items())
        ),
        model_dtypes=tuple(model_dtypes),
        preprocessing=tuple(preprocessing),
        labels=write_tensor(folder / "labels.bin", "labels", labels),
        classes=tuple(classes),
        unit=unit,
    )
    _describe(held_out)
    return held_out


def with_reference(held_out: HeldOut, outputs: Array) -> HeldOut:
    """The set with what the network itself says of it, kept beside its inputs."""
    folder = Path(held_out.folder)
    if len(outputs) != held_out.count:
        raise ValueError(f"{held_out.name}: {len(outputs)} outputs for {held_out.count} inputs")
    done = replace(held_out, reference=write_tensor(folder / "reference.bin", "reference", outputs))
    _describe(done)
    return done


def _describe(held_out: HeldOut) -> None:
    described = json.dumps(to_json(replace(held_out, folder=".")), indent=1)
    (Path(held_out.folder) / DESCRIPTION).write_text(described + "\n", encoding="utf-8")


def read_held_out(folder: Path) -> HeldOut:
    """The description in `folder`; ModelError where it is missing, or one of its files is not what it says."""
    try:
        held_out = from_json(HeldOut, json.loads((folder / DESCRIPTION).read_text(encoding="utf-8")))
    except (OSError, ValueError) as e:
        raise ModelError(f"{folder} holds no held-out set: {e}") from e
    reference = () if held_out.reference is None else (held_out.reference,)
    for data in (*held_out.inputs, held_out.labels, *reference):
        file = folder / data.file
        if not file.is_file() or file.stat().st_size != data.size_bytes or sha256_of(file) != data.sha256:
            raise ModelError(
                f"{file} is not the file that {DESCRIPTION} describes", fix="build the suite again"
            )
    return replace(held_out, folder=str(folder.absolute()))


def write_tensor(path: Path, name: str, values: Array) -> DataFile:
    """`values` as little-endian bytes in row order."""
    import numpy as np

    data = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    path.write_bytes(data.tobytes())
    return DataFile(
        name=name,
        file=path.name,
        dtype=values.dtype.name,
        shape=tuple(values.shape),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
    )


def read_tensor(folder: Path, data: DataFile) -> Array:
    import numpy as np

    dtype = np.dtype(data.dtype).newbyteorder("<")
    return np.fromfile(folder / data.file, dtype).reshape(data.shape).astype(data.dtype)


def labels_of(held_out: HeldOut) -> Array:
    return read_tensor(Path(held_out.folder), held_out.labels)


def model_inputs(
    held_out: HeldOut, *, preprocessing: Sequence[Preprocessing] | None = None
) -> tuple[Array, ...]:
    """What the model reads, [count, …] for each of its inputs; `preprocessing` puts another in place of its own."""
    chosen = held_out.preprocessing if preprocessing is None else preprocessing
    folder = Path(held_out.folder)
    return tuple(
        prepared(read_tensor(folder, data), how, dtype)
        for data, how, dtype in zip(held_out.inputs, chosen, held_out.model_dtypes, strict=True)
    )


def prepared(raw: Array, how: Preprocessing, dtype: str = "float32") -> Array:
    """`raw` [count, …] as the model reads it."""
    import numpy as np

    if how.changes_nothing:
        return raw.astype(dtype)
    values = raw.astype(np.float32)
    if how.resize is not None:
        values = _resized(values, *how.resize)
    if how.channels == "BGR":
        values = values[..., ::-1]
    values = (values - np.asarray(how.mean, np.float32)) * np.asarray(how.scale, np.float32)
    if how.layout == "NCHW":
        values = np.moveaxis(values, -1, 1)
    return np.ascontiguousarray(values, dtype)


def _resized(images: Array, height: int, width: int) -> Array:
    """Bilinear over the two nearest pixels of each axis, the centres of pixels at one half, edges repeated."""
    for axis, size in ((1, height), (2, width)):
        images = _resized_axis(images, axis, size)
    return images


def _resized_axis(images: Array, axis: int, size: int) -> Array:
    import numpy as np

    before = images.shape[axis]
    if before == size:
        return images
    place = np.clip((np.arange(size) + 0.5) * (before / size) - 0.5, 0, before - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, before - 1)
    share = (place - low).astype(np.float32).reshape([-1 if i == axis else 1 for i in range(images.ndim)])
    result: Array = np.take(images, low, axis) * (1 - share) + np.take(images, high, axis) * share
    return result
