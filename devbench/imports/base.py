"""What a file of another tool holds, before it is a run: processes, and what it says of phone and time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from devbench.domain.measurement import Failure, OpTime, Series, ToolTold

UNKNOWN = "unknown"
IMPORTED = "IMPORTED"
PROFILE = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedProcess:
    """One start of the tool, or one repetition; like `variant`, setup and runner make a row, told apart by round.

    `cpu_locked` is what the file says of the clocks. `words` is what the tool warned of.
    """

    variant: str
    runner: str
    engine: str = UNKNOWN
    format: str = UNKNOWN
    delegate: str = UNKNOWN
    threads: int | None = None
    size_bytes: int | None = None
    series: tuple[Series, ...] = ()
    told: ToolTold | None = None
    ops: tuple[OpTime, ...] = ()
    failure: Failure | None = None
    cpu_locked: bool | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The phone as far as the file tells; the user's word goes before it."""

    device: str | None = None
    model: str | None = None
    manufacturer: str | None = None
    fingerprint: str | None = None
    sdk: int | None = None
    ram_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """`kind` is one of KINDS, `date` ISO 8601 or None, `notes` are sentences for the reader."""

    kind: str
    processes: tuple[ImportedProcess, ...]
    owner: Owner = field(default_factory=Owner)
    date: str | None = None
    notes: tuple[str, ...] = ()


def number_or_none(value: Any) -> float | None:
    """A finite number; None for whatever else a file has in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def object_or_empty(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def text_or_none(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def whole_or_none(value: Any) -> int | None:
    number = number_or_none(value)
    return int(number) if number is not None and number == int(number) else None
