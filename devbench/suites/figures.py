"""The talk's own figures, read from the one file that holds them: never measured here, always shown as its own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.codec import from_json

FILE = Path(__file__).parent / "talk" / "figures.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkFigures:
    """What the talk says of one model; None for what it does not say. `model` is our model of the same kind."""

    model: str | None = None
    title: str | None = None
    size_mb: float | None = None
    nodes_executed: int | None = None
    average_us: float | None = None
    accuracy: float | None = None
    cpu_pct: int | None = None
    cpu_pct_low: int | None = None
    cpu_pct_high: int | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkTables:
    """`classifiers` are the rows of its first two tables, `mobilenet` those of the third, by the talk's names."""

    schema: int
    source: str
    classifiers: dict[str, TalkFigures]
    mobilenet: dict[str, TalkFigures]


def talk_tables() -> TalkTables:
    return from_json(TalkTables, tomllib.loads(FILE.read_text(encoding="utf-8")))
