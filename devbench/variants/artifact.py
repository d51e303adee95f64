"""What travels between the steps that make a model file, so that no step needs to know another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Samples:
    """Representative inputs: calling it gives them anew, as dictionaries of input name → float32 array with batch.

    `note` describes them in a few words; `used` tells whether anyone has called.
    """

    def __init__(self, note: str, make: Callable[[], Iterator[dict[str, Any]]]) -> None:
        self.note = note
        self.used = False
        self._make = make

    def __call__(self) -> Iterator[dict[str, Any]]:
        self.used = True
        return self._make()

    def unused(self) -> Samples:
        """The same inputs, not called yet."""
        return Samples(self.note, self._make)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A model between two steps.

    `form` is `keras` (in memory, `value`), `saved_model`, `tflite` or `pb` (on disk, `path`). `size_bytes`
    is None while the model is only in memory. `notes` are sentences of the step that made it, for its record.
    """

    form: str
    value: Any = None
    path: Path | None = None
    size_bytes: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What a step may use: a folder of its own for files and seeded representative inputs.

    `samples` is None where the recipe has no representative data; `batch` is the fixed batch size, None for an
    open one.
    """

    folder: Path
    batch: int | None
    samples: Samples | None


def write_pb(context: StepContext, data: bytes) -> Artifact:
    """A frozen graph as the result of a step."""
    path = context.folder / "graph.pb"
    path.write_bytes(data)
    return Artifact(form="pb", path=path, size_bytes=len(data))
