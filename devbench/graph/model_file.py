"""A bare model file as a `Variant`: what `devbench run MODEL` measures is read here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.variant import TensorSpec, Variant
from devbench.errors import ModelError
from devbench.graph.pb_ends import EndsAsked, graph_ends
from devbench.graph.pb_file import read_pb
from devbench.graph.sniff import model_format
from devbench.graph.summary import summary_of_graph
from devbench.graph.tflite_file import read_tflite
from devbench.hashing import sha256_of


def read_variant(
    path: Path, *, variant: str | None = None, model: str | None = None, ends: EndsAsked | None = None
) -> Variant:
    """The model file at `path`; `variant` and `model` default to its name without suffix, `ends` are a graph's.

    Two files of one name in different folders get the same id: `read_variants` makes them differ.
    ModelError says why the file cannot be measured.
    """
    form = model_format(path)
    described = _pb_tensors(path, ends or EndsAsked()) if form == "pb" else _tflite_tensors(path)
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
        fetches=described.fetches,
    )


@dataclass(frozen=True, slots=True)
class _Described:
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    op_counts: dict[str, int]
    fetches: tuple[str, ...] = ()


def _tflite_tensors(path: Path) -> _Described:
    model = read_tflite(path)
    return _Described(model.inputs, model.outputs, model.op_counts)


def _pb_tensors(path: Path, asked: EndsAsked) -> _Described:
    """A graph that can be run as it stands: frozen, whole, its inputs of known rank."""
    graph = read_pb(path)
    summary = summary_of_graph(graph, file=str(path))
    if summary.faults:
        raise ModelError(
            f"{path} cannot be measured: {'; '.join(summary.faults)}",
            fix="freeze it (docs/transforms.md), or take the whole graph",
        )
    # a .pb says the shape of an output only where TensorFlow noted it; the runner reads it off the result
    ends = graph_ends(graph, path, asked)
    counts = {op.op: op.nodes for op in sorted(summary.ops, key=lambda o: (-o.nodes, o.op))}
    return _Described(ends.inputs, ends.outputs, counts, ends.fetches)


def read_variants(
    paths: Sequence[Path], *, model: str | None = None, ends: EndsAsked | None = None
) -> tuple[Variant, ...]:
    """Several files with unique ids: of files with one name, all get their folder's name, then a number."""
    unique = list(dict.fromkeys(path.absolute() for path in paths))
    found = [read_variant(path, model=model, ends=ends) for path in unique]
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
