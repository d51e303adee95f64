"""What a cell's number rests on, one click away from it: its processes one by one, drawn and in figures.

A page has room for a picture of `MOST_PICTURES` cells, the doubtful ones first; the others keep their figures and a
strip of samples, and every process of every cell is in processes.csv, every sample in samples.csv.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.domain.measurement import Measurement
from devbench.domain.summary import CellSummary
from devbench.domain.taint import Taint
from devbench.reports.base import Report
from devbench.reports.evidence_svg import Slot, evidence_svg
from devbench.reports.samples import Strip, strip_of
from devbench.reports.table import label_of, phone_name
from devbench.summary import varying_setup
from devbench.summary.processes import Process, fastest_khz, hottest_c, processes_of
from devbench.summary.verdict import why
from devbench.units import display_unit, signed_pct, three_digits

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_PICTURES = 64
_ORDER = {"tainted": 0, "inconclusive": 1, "quick look": 2, "trusted": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow:
    """One attempt in words, ready for a table; `fate` is its status, `words` that with the reason."""

    order: int
    round: str
    fate: str
    words: str
    after: str
    n: int
    median: str
    warmup: str
    outliers: str
    cv: str
    trend: str
    lag1: str
    heat: str
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """`anchor` is where the numbers of the row link to; `picture` is empty where the page has no room."""

    anchor: str
    label: str
    verdict: str
    why: str
    notes: tuple[str, ...]
    taints: tuple[Taint, ...]
    picture: Markup
    unit: str
    rows: tuple[ProcessRow, ...]
    strip: Strip | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEvidence:
    phone: str
    cells: tuple[Evidence, ...]


def anchors(report: Report) -> dict[int, str]:
    """Where each summary (by its id) has its evidence; nothing for those without a process that was measured."""
    cells = [s for s in (*report.summaries, *report.controls) if _has_samples(s)]
    return {id(summary): f"e{i}" for i, summary in enumerate(cells)}


def evidence_by_phone(report: Report) -> tuple[PhoneEvidence, ...]:
    """The evidence of every cell with samples, the control's included, by phone."""
    found, places = _drawn(report), anchors(report)
    cells = [s for s in (*report.summaries, *report.controls) if id(s) in places]
    varying = varying_setup(s.cell for s in report.summaries)
    phones: dict[str, list[Evidence]] = {}
    for summary in cells:
        one = _evidence(report, summary, places[id(summary)], varying, len(cells), id(summary) in found)
        phones.setdefault(phone_name(summary, report), []).append(one)
    return tuple(PhoneEvidence(phone=phone, cells=tuple(found)) for phone, found in phones.items())


def _has_samples(summary: CellSummary) -> bool:
    return any(m.samples_ns("steady") for m in summary.cell.measurements if m.pass_name == "latency")


def _drawn(report: Report) -> set[int]:
    """The cells that get a picture: those whose number is doubted first, then in the order of the table."""
    cells = [s for s in (*report.summaries, *report.controls) if _has_samples(s)]
    ranked = sorted(cells, key=lambda s: _ORDER.get(s.verdict, -1))
    return {id(summary) for summary in ranked[:MOST_PICTURES]}


def _evidence(
    report: Report, summary: CellSummary, anchor: str, varying: Sequence[str], count: int, drawn: bool
) -> Evidence:
    from markupsafe import Markup

    processes = processes_of(report.run.header, summary.cell)
    label = label_of(summary, varying)
    unit = display_unit("ns", [p.median_ns for p in processes if p.median_ns is not None])
    picture = evidence_svg([_slot(p) for p in processes], f"Evidence of {label}") if drawn else ""
    return Evidence(
        anchor=anchor,
        label=label,
        verdict=summary.verdict if summary.status == "ok" else summary.status,
        why=why(summary),
        notes=tuple(_notes(processes)),
        taints=summary.taints,
        picture=Markup(picture),
        unit=unit.symbol,
        rows=tuple(_row(p, unit.divisor) for p in processes) if drawn else (),
        strip=strip_of(summary, count),
    )


def _notes(processes: Sequence[Process]) -> Iterable[str]:
    """What happened to rounds: what was thrown away and done again, and what was added."""
    gone = [p for p in processes if p.measurement.status == "discarded"]
    for kind in dict.fromkeys(_kind(p.measurement) for p in gone):
        rounds = sorted({p.measurement.round for p in gone if _kind(p.measurement) == kind})
        again = {p.measurement.round for p in processes if p.counts} & set(rounds)
        cause = next((p.measurement.failure.cause for p in gone if p.measurement.failure), "")
        yield (
            f"{_rounds(rounds)} discarded as {kind}{f' ({cause})' if cause else ''}; "
            f"{len(again)} of {len(rounds)} measured again. Discarded processes enter no number."
        )
    added = sorted({p.measurement.round for p in processes if p.added})
    if added:
        yield f"{_rounds(added)} added because the interval was still wide."
    failed = sorted({p.measurement.round for p in processes if p.measurement.status == "failed"})
    if failed:
        yield f"{_rounds(failed)} with a failed process."


def _kind(m: Measurement) -> str:
    return m.failure.kind if m.failure else "disturbed"


def _rounds(rounds: Sequence[int]) -> str:
    names = ", ".join(map(str, rounds))
    return f"Round {names}" if len(rounds) == 1 else f"Rounds {names}"


def _slot(p: Process) -> Slot:
    m = p.measurement
    warmup, steady = m.samples_ns("warmup"), m.samples_ns("steady")
    return Slot(
        label=_round_name(p),
        fate="ok" if p.counts else "discarded" if m.status == "discarded" else "failed",
        warmup_ns=warmup,
        steady_ns=steady,
        median_ns=p.median_ns,
        heat=_heat(m),
        clock=_clock(m),
    )


def _round_name(p: Process) -> str:
    again = f"·{p.measurement.attempt}" if p.measurement.attempt > 1 else ""
    return f"{'+' if p.added else ''}{p.measurement.round}{again}"


def _shares(m: Measurement) -> list[float]:
    """Where in its process each mark lies, 0 at the first warm-up sample and 1 at the end of steady."""
    steady = next((s for s in m.series if s.phase == "steady"), None)
    if steady is None or steady.start_ns is None:
        return []
    before, during = sum(m.samples_ns("warmup")), sum(m.samples_ns("steady"))
    whole = before + during or 1
    last = max(1, *(mark.t_ns - steady.start_ns for mark in m.marks)) if m.marks else 1
    stretch = min(1.0, during / last) if during else 1.0  # the runner's own work lies between inferences
    return [(before + max(0, mark.t_ns - steady.start_ns) * stretch) / whole for mark in m.marks]


def _heat(m: Measurement) -> tuple[tuple[float, float], ...]:
    shares = _shares(m)
    marks = [
        (share, max(mark.temperatures_c.values()))
        for share, mark in zip(shares, m.marks, strict=False)
        if mark.temperatures_c
    ]
    before, after = hottest_c(m.state_before), hottest_c(m.state_after)
    ends = [(0.0, before)] if before is not None else []
    last = [(1.0, after)] if after is not None else []
    return (*ends, *marks, *last)


def _clock(m: Measurement) -> tuple[tuple[float, float], ...]:
    shares = _shares(m)
    marks = [
        (share, max(mark.cpu_khz.values()) / 1000)
        for share, mark in zip(shares, m.marks, strict=False)
        if mark.cpu_khz
    ]
    if marks:
        return tuple(marks)
    khz = fastest_khz(m)
    return () if khz is None else ((0.0, khz / 1000), (1.0, khz / 1000))


def _row(p: Process, divisor: float) -> ProcessRow:
    m, quality = p.measurement, p.quality
    ends = [_degrees(hottest_c(state)) for state in (m.state_before, m.state_after)]
    khz = fastest_khz(m)
    return ProcessRow(
        order=p.order,
        round=_round_name(p),
        fate=m.status,
        words=p.words,
        after="–" if p.offset_s is None else f"{p.offset_s / 60:.1f}",
        n=len(m.samples_ns("steady")),
        median="–" if p.median_ns is None else three_digits(p.median_ns / divisor),
        warmup=_warmup(m),
        outliers="–" if quality is None else str(quality.outliers),
        cv=percent(quality.cv if quality else None),
        trend="–" if quality is None or quality.trend is None else signed_pct(quality.trend),
        lag1="–" if quality is None or quality.lag1 is None else f"{quality.lag1:.2f}",
        heat=f"{ends[0]} → {ends[1]}",
        clock="–" if khz is None else f"{khz / 1000:.0f}",
    )


def _warmup(m: Measurement) -> str:
    words = {"stable": "settled", "capped": "capped", "none": "none", None: "–"}
    n = len(m.samples_ns("warmup"))
    return f"{words.get(m.warmup_status, m.warmup_status)}{f' after {n}' if n else ''}"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _degrees(value: float | None) -> str:
    return "?" if value is None else f"{value:.1f}"
