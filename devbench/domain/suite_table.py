"""A table that a suite asks the report for: which variants in which columns, beside what others said of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteTableRow:
    """`variants` are ids, one line each; `told` is what `SuiteTable.source` says of them, as text."""

    variants: tuple[str, ...]
    told: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteTable:
    """`columns` are metrics, with a phase after a point (`latency.steady`).

    `faster_than` is a model: how many times faster than its variant of the same engine each line is. `source` says
    whose the figures in `told` are, `told_head` heads their column; they are never measured here.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[SuiteTableRow, ...]
    faster_than: str | None = None
    source: str | None = None
    told_head: str | None = None
