"""Do --input and --input-shape fit the models? Told before any phone is touched."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path

from devbench.domain.variant import TensorSpec, Variant
from devbench.errors import UsageError
from devbench.plan import Choices, engines_for

_SIZES = {
    "bool": 1, "int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2, "int32": 4, "uint32": 4,
    "float32": 4, "int64": 8, "uint64": 8, "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip


def check_inputs(variants: Sequence[Variant], choices: Choices) -> None:
    """UsageError names the input that a model lacks, the shape that does not fit, or the bytes it takes."""
    for variant in variants:
        if variant.control or choices.signature is not None:
            continue  # the control has its own input; another signature's names are known to the runner only
        for name in (*choices.input_shapes, *choices.input_files):
            _find(variant, name)
        for name, text in choices.input_shapes.items():
            _check_shape(variant, _find(variant, name), text)
        for name, path in choices.input_files.items():
            _check_size(variant, name, Path(path), choices)


def open_notes(variants: Sequence[Variant], choices: Choices) -> tuple[str, ...]:
    """A sentence for each input whose open dimensions nobody has filled: the runner makes them 1."""
    notes: list[str] = []
    for variant in variants:
        for index, spec in enumerate(variant.inputs):
            given = spec.name in choices.input_shapes or f"#{index}" in choices.input_shapes
            if None in spec.shape and not given:
                shown = ",".join("?" if size is None else str(size) for size in spec.shape)
                ones = ",".join(str(size or 1) for size in spec.shape)
                notes.append(
                    f"{variant.variant}: input {spec.name} has open dimensions ({shown}), measured as {ones}; "
                    f"--input-shape {spec.name}=… chooses others"
                )
    return tuple(notes)


def format_notes(variants: Sequence[Variant], choices: Choices) -> tuple[str, ...]:
    """A sentence for each model that some of the engines asked for are not asked to run: they take other files."""
    notes = []
    for variant in (v for v in variants if not v.control):
        used = engines_for(variant, choices)
        if others := [str(name) for name in choices.engines if name not in used]:
            notes.append(
                f"{variant.variant}: measured with {', '.join(map(str, used))}; "
                f"{', '.join(others)} {'does' if len(others) == 1 else 'do'} not run .{variant.format} files"
            )
    return tuple(notes)


def _find(variant: Variant, name: str) -> TensorSpec:
    if name.startswith("#") and name[1:].isdigit() and int(name[1:]) < len(variant.inputs):
        return variant.inputs[int(name[1:])]
    for spec in variant.inputs:
        if spec.name == name:
            return spec
    names = ", ".join(spec.name for spec in variant.inputs)
    raise UsageError(f"{variant.variant} has no input {name!r}", fix=f"its inputs: {names}")


def _check_shape(variant: Variant, spec: TensorSpec, text: str) -> None:
    """A .tflite is resized; a graph fed with a wrong size may run all the same, and give numbers."""
    sizes = [int(size) for size in text.split(",")]
    if variant.format == "pb" and any(
        fixed not in (None, size) for fixed, size in zip(spec.shape, sizes, strict=False)
    ):
        shown = ",".join("?" if size is None else str(size) for size in spec.shape)
        raise UsageError(f"--input-shape {spec.name}={text}: {variant.variant} takes {shown} there")
    if len(sizes) != len(spec.shape):
        shown = ",".join("?" if size is None else str(size) for size in spec.shape)
        raise UsageError(
            f"--input-shape {spec.name}={text}: {variant.variant} takes {len(spec.shape)} dimensions there: {shown}"
        )


def _check_size(variant: Variant, name: str, path: Path, choices: Choices) -> None:
    spec = _find(variant, name)
    given = choices.input_shapes.get(name) or choices.input_shapes.get(spec.name)
    shape = [int(size) for size in given.split(",")] if given else [size or 1 for size in spec.shape]
    if spec.dtype not in _SIZES:
        return
    expected, found = prod(shape) * _SIZES[spec.dtype], path.stat().st_size
    if found != expected:
        shown = "×".join(map(str, shape))
        raise UsageError(
            f"--input {name}={path}: {found} bytes, but {variant.variant} takes {expected} ({shown} {spec.dtype})",
            fix="the file holds the tensor's raw bytes, little-endian, in row-major order",
        )
