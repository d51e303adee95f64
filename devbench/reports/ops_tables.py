"""The operators of each cell in words: the slowest, how much a delegate ran, and what the sum leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devbench.domain.codec import Json, to_json
from devbench.domain.summary import CellSummary
from devbench.reports.base import Report
from devbench.reports.table import label_of, phone_name
from devbench.summary import varying_setup
from devbench.summary.ops import OpProfile, profile_of
from devbench.units import display_unit, show, three_digits

MOST_OPS = 12
MOST_TABLES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class OpRow:
    number: int
    type: str
    name: str
    by: str
    time: str
    share: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpsTable:
    """`rows` are the slowest operators; `sentences` what to know of them; `left` how many are not shown."""

    title: str
    unit: str
    sentences: tuple[str, ...]
    rows: tuple[OpRow, ...]
    left: int


def ops_tables(report: Report) -> tuple[OpsTable, ...]:
    """A table for each cell with a profile, the first of very many."""
    varying = varying_setup(s.cell for s in report.summaries)
    found = []
    for summary in report.summaries:
        profile = profile_of_summary(summary)
        if profile is not None:
            found.append(_table(f"{label_of(summary, varying)} on {phone_name(summary, report)}", profile))
    return tuple(found[:MOST_TABLES])


def profile_of_summary(summary: CellSummary) -> OpProfile | None:
    steady = summary.estimate("latency", "steady")
    return profile_of(summary.cell, steady.value if steady else None)


def ops_json(summary: CellSummary) -> Json:
    """The whole profile, every operator; null without one."""
    profile = profile_of_summary(summary)
    if profile is None:
        return None
    whole = to_json(profile)
    assert isinstance(whole, dict)
    return {**whole, "by_type": dict(profile.by_type().items())}


def _table(title: str, profile: OpProfile) -> OpsTable:
    unit = display_unit("ns", [op.ns for op in profile.top[:MOST_OPS]])
    rows = tuple(
        OpRow(
            number=op.index,
            type=op.type,
            name=op.name,
            by=op.delegate or "built-in",
            time=three_digits(op.ns / unit.divisor),
            share=f"{100 * op.share:.1f} %",
        )
        for op in profile.top[:MOST_OPS]
    )
    left = max(0, len(profile.ops) - MOST_OPS)
    return OpsTable(title=title, unit=unit.symbol, sentences=tuple(_sentences(profile)), rows=rows, left=left)


def _sentences(profile: OpProfile) -> Iterator[str]:
    types = [f"{kind} {100 * share:.0f} %" for kind, share in list(profile.by_type().items())[:4]]
    yield f"By type: {', '.join(types)}."
    if profile.delegated_time is None or profile.delegated_ops is None:
        yield "The engine does not tell which operators a delegate ran."
    elif profile.delegates:
        count = round(profile.delegated_ops * len(profile.ops))
        yield (
            f"{' and '.join(profile.delegates)} ran {count} of {len(profile.ops)} operators, "
            f"{100 * profile.delegated_time:.1f} % of their time."
        )
    else:
        yield "No delegate ran any operator."
    if profile.wall_ns is not None:
        yield (
            f"The operators add up to {show(profile.sum_ns, 'ns')} of the {show(profile.wall_ns, 'ns')} that an "
            f"inference of this process took on average ({100 * profile.sum_ns / profile.wall_ns:.0f} %)."
        )
    if profile.overhead is not None:
        percent = round(100 * profile.overhead)
        more = f"{abs(percent)} % {'longer' if percent > 0 else 'shorter'} than" if percent else "as long as"
        yield f"It is a process of its own that pays for profiling: its inferences took {more} the timed ones."
