"""A bare model file as a `Variant`: what `devbench run MODEL` measures is read here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from devbench.domain.variant import Variant
from devbench.errors import ModelError
from devbench.graph.sniff import model_format
from devbench.graph.tflite_file import read_tflite
from devbench.hashing import sha256_of


def read_variant(path: Path, *, variant: str | None = None, model: str | None = None) -> Variant:
    """The model file at `path`; `variant` and `model` default to its name without suffix.

    Two files of one name in different folders get the same id: `read_variants` makes them differ.
    ModelError says why the file cannot be measured.
    """
    if model_format(path) == "pb":
        raise ModelError(
            f"{path} is a TensorFlow graph (.pb), which devbench cannot measure yet",
            fix="convert it to .tflite first",
        )
    described = read_tflite(path)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.") or "model"
    return Variant(
        variant=variant or name,
        model=model or name,
        format="tflite",
        path=str(path.absolute()),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        inputs=described.inputs,
        outputs=described.outputs,
        op_counts=described.op_counts,
    )


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
