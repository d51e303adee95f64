"""What travels between the steps that make a model file, so that no step needs to know another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Samples = Callable[[], Iterator[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A model between two steps.

    `form` is `keras` (in memory, `value`), `saved_model`, `tflite` or `pb` (on disk, `path`). `size_bytes`
    is None while the model is only in memory.
    """

    form: str
    value: Any = None
    path: Path | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What a step may use: a folder of its own for files and seeded representative inputs.

    `samples()` gives dictionaries of input name → float32 array with the batch dimension; it is None where
    the recipe has no representative data. `batch` is the fixed batch size, None for an open one.
    """

    folder: Path
    batch: int | None
    samples: Samples | None
