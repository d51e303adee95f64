"""A bare model file as a `Variant`: what `devbench run MODEL` measures is read here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.variant import TensorSpec, Variant
from devbench.errors import ModelError
from devbench.graph.sniff import model_format
from devbench.graph.summary import GraphTensor, summarise
from devbench.graph.tflite_file import read_tflite
from devbench.hashing import sha256_of


def read_variant(path: Path, *, variant: str | None = None, model: str | None = None) -> Variant:
    """The model file at `path`; `variant` and `model` default to its name without suffix.

    Two files of one name in different folders get the same id: `read_variants` makes them differ.
    ModelError says why the file cannot be measured.
    """
    form = model_format(path)
    described = _pb_tensors(path) if form == "pb" else _tflite_tensors(path)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.") or "model"
    return Variant(
        variant=variant or name,
        model=model or name,
        format=form,
        path=str(path.absolute()),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        inputs=described.inputs,
        outputs=described.outputs,
        op_counts=described.op_counts,
    )


@dataclass(frozen=True, slots=True)
class _Described:
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    op_counts: dict[str, int]


def _tflite_tensors(path: Path) -> _Described:
    model = read_tflite(path)
    return _Described(model.inputs, model.outputs, model.op_counts)


def _pb_tensors(path: Path) -> _Described:
    """A graph that can be run as it stands: frozen, whole, its inputs of known rank."""
    summary = summarise(path)
    if summary.faults:
        raise ModelError(
            f"{path} cannot be measured: {'; '.join(summary.faults)}",
            fix="freeze it (docs/transforms.md), or take the whole graph",
        )
    return _Described(
        _specs(path, summary.inputs, "input"),
        # a .pb says the shape of an output only where TensorFlow noted it; the runner reads it off the result
        _specs(path, [t for t in summary.outputs if t.dtype is not None and t.shape is not None], "output"),
        {op.op: op.nodes for op in sorted(summary.ops, key=lambda o: (-o.nodes, o.op))},
    )


def _specs(path: Path, tensors: Sequence[GraphTensor], what: str) -> tuple[TensorSpec, ...]:
    specs = []
    for tensor in tensors:
        if tensor.dtype is None or tensor.shape is None:
            raise ModelError(
                f"{path} does not say the shape of its {what} {tensor.name}",
                fix=f"strip_unused_nodes of `devbench transform` gives {what}s a type and a shape",
            )
        specs.append(TensorSpec(name=tensor.name, dtype=tensor.dtype, shape=tensor.shape))
    return tuple(specs)


def read_variants(paths: Sequence[Path], *, model: str | None = None) -> tuple[Variant, ...]:
    """Several files with unique ids: of files with one name, all get their folder's name, then a number."""
    unique = list(dict.fromkeys(path.absolute() for path in paths))
    found = [read_variant(path, model=model) for path in unique]
    ids = [variant.variant for variant in found]
    if len(set(ids)) < len(ids):
        ids = [
            f"{path.parent.name}-{name}" if ids.count(name) > 1 else name
            for path, name in zip(unique, ids, strict=True)
        ]
    numbered = [
        name if ids.count(name) == 1 else f"{name}-{ids[: place + 1].count(name)}"
        for place, name in enumerate(ids)
    ]
    return tuple(
        replace(variant, variant=name, model=model or name)
        for variant, name in zip(found, numbered, strict=True)
    )
