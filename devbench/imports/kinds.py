"""Which tool wrote a file: by what stands in it, never by its name."""

from __future__ import annotations

import json
from typing import Any

from devbench.errors import ParseError
from devbench.imports import androidx, benchmark_model, google_benchmark
from devbench.imports.base import ImportedFile

KINDS = (benchmark_model.KIND, google_benchmark.KIND, androidx.KIND)


def read_source(data: bytes, *, kind: str | None = None, metric: str | None = None) -> ImportedFile:
    """A file's content; ParseError when it is of no tool that is known, or of another than `kind`."""
    tree = _json_or_none(data) if kind != benchmark_model.KIND else None
    if tree is None and kind in (None, benchmark_model.KIND):
        return benchmark_model.read_log(data)
    if tree is not None and kind in (None, androidx.KIND) and androidx.looks_like_it(tree):
        return androidx.read_androidx(tree, metric)
    if tree is not None and kind in (None, google_benchmark.KIND) and google_benchmark.looks_like_it(tree):
        return google_benchmark.read_google_benchmark(tree)
    what = kind if kind is not None else "JSON of Google Benchmark or androidx.benchmark"
    raise ParseError(f"it is no {what}: no list `benchmarks` as there", reason="not-understood")


def _json_or_none(data: bytes) -> dict[str, Any] | None:
    """None for what is no JSON object; Google Benchmark's NaN and Infinity are taken, and dropped later."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None
