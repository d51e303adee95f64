"""A bare model file as a `Variant`: what `devbench run MODEL` measures is read here and nowhere else."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from devbench.domain.variant import Variant
from devbench.errors import ModelError
from devbench.graph.sniff import model_format
from devbench.graph.tflite_file import read_tflite

_CHUNK_BYTES = 1 << 20


def read_variant(path: Path, *, variant: str | None = None, model: str | None = None) -> Variant:
    """The model file at `path`; `variant` and `model` default to its name without suffix.

    Two files of one name in different folders get the same id: making it unique is the caller's part.
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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 hex digits, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
