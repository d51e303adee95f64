"""The one table that console, page and Markdown show: which columns, in which unit, how each number reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from devbench.domain.summary import CellSummary, Comparison, Estimate
from devbench.metrics import Metric, all_metrics
from devbench.reports.base import Report
from devbench.summary import setup_told, setup_words, varying_setup
from devbench.units import DisplayUnit, display_unit, three_digits

STEADY = "latency-steady"
_RATIO_PLACE, _VERDICT_PLACE = 20, 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`kind` is `text`, `number` or `verdict`; `symbol` is the unit all its numbers are in.

    `measured`: its numbers come from processes, so they wear the verdict of their row.
    """

    key: str
    label: str
    kind: str
    symbol: str = ""
    title: str = ""
    measured: bool = False

    @property
    def head(self) -> str:
        return f"{self.label} ({self.symbol})" if self.symbol else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field: what to show, what to sort by (`number`, in the column's unit), interval, and a remark."""

    text: str
    number: float | None = None
    low: float | None = None
    high: float | None = None
    best: bool = False
    note: str = ""

    @property
    def in_words(self) -> bool:
        return not self.text[:1].isdigit()

    @property
    def interval(self) -> str:
        """The interval in words, `20.0–20.1`; empty when there is none."""
        if self.low is None or self.high is None:
            return ""
        return f"{three_digits(self.low)}–{three_digits(self.high)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    summary: CellSummary
    entries: tuple[Entry, ...]
    reference: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows in the order of the run; `notes` say what the columns leave out, `setup` what all rows share."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    setup: str


def build_table(report: Report) -> Table:
    """The table of a report: a row a cell."""
    summaries = report.summaries
    varying = varying_setup(s.cell for s in summaries)
    parts = _text_columns(report, varying)
    notes: list[str] = []
    numbers = [
        (m.column, *_metric_column(m, summaries, notes)) for m in all_metrics() if m.column is not None
    ]
    numbers = [found for found in numbers if _worth_showing(*found[1:])]
    if any(s.comparison for s in summaries):
        numbers.append((_RATIO_PLACE, *_ratio_column(summaries)))
    numbers.append((_VERDICT_PLACE, *_verdict_column(summaries)))
    parts += [(column, entries) for _, column, entries in sorted(numbers, key=lambda found: found[0])]
    references = {s.comparison.baseline for s in summaries if s.comparison}
    notes += _hidden_work(summaries)
    return Table(
        columns=tuple(column for column, _ in parts),
        rows=tuple(
            Row(
                summary=s,
                entries=tuple(entries[i] for _, entries in parts),
                reference=s.comparison is None and s.cell.variant.variant in references,
            )
            for i, s in enumerate(summaries)
        ),
        notes=tuple(notes),
        setup=_shared_setup(summaries, varying),
    )


_ACCELERATORS = ("gpu", "nnapi", "npu", "hexagon", "qnn", "coreml", "edgetpu")


def _hidden_work(summaries: Sequence[CellSummary]) -> list[str]:
    """What the numbers cannot show where a delegate outside the CPU ran."""
    asked = {s.cell.backend.delegate for s in summaries if s.status == "ok"}
    ran = {m.actual.delegate for s in summaries for m in s.cell.measurements if m.status == "ok" and m.actual}
    found = sorted(d for d in asked | ran if d and d.startswith(_ACCELERATORS))
    if not found:
        return []
    return [
        f"{' and '.join(found)} ran: CPU, RSS and PSS are those of the process alone and do not show the work and "
        "memory of an accelerator."
    ]


def _worth_showing(column: Column, entries: Sequence[Entry]) -> bool:
    """The steady column always stands, because failures stand in it."""
    return column.key == STEADY or any(e.number is not None for e in entries)


def label_of(summary: CellSummary, varying: Sequence[str]) -> str:
    """A row's name on its phone: the variant, and what of its setup differs from other rows."""
    words = setup_words(summary.cell)
    return " · ".join((summary.cell.variant.variant, *(words[name] for name in varying)))


def failure_words(summary: CellSummary) -> str:
    """`failed: unsupported-op`, what stands in the field of a missing number; the cause is its note."""
    return f"{summary.status}: {summary.verdict}"


def _text_columns(report: Report, varying: Sequence[str]) -> list[tuple[Column, list[Entry]]]:
    summaries = report.summaries
    words = [setup_words(s.cell) for s in summaries]
    parts = [
        (Column(key="variant", label="Variant", kind="text"), [s.cell.variant.variant for s in summaries]),
        (Column(key="phone", label="Phone", kind="text"), [phone_name(s, report) for s in summaries]),
    ]
    if varying:
        setups = [", ".join(w[name] for name in varying) for w in words]
        parts.append((Column(key="setup", label="Setup", kind="text"), setups))
    return [(column, [Entry(text=text) for text in texts]) for column, texts in parts]


def phone_name(summary: CellSummary, report: Report) -> str:
    """The phone's model, with its public name where two phones of the run are the same model."""
    device = summary.cell.device
    twins = [d for d in report.run.header.devices if d.model == device.model]
    return device.model if len(twins) == 1 else f"{device.model} ({device.device})"


def _metric_column(
    metric: Metric, summaries: Sequence[CellSummary], notes: list[str]
) -> tuple[Column, list[Entry]]:
    estimates = [s.estimate(metric.name, metric.phase) for s in summaries]
    values = [e.value for e in estimates if e and e.value is not None]
    unit = display_unit(metric.unit, values)
    if not values and not (metric.optional and not _asked_for(metric, summaries)):
        reason = next((e.reason for e in estimates if e and e.reason), None)
        notes.append(f"{metric.label} is not shown: {reason or 'it was not measured'}.")
    entries = []
    for summary, estimate in zip(summaries, estimates, strict=True):
        if estimate is None or estimate.value is None:
            entries.append(_missing(summary, metric, estimate.reason if estimate else None))
        else:
            entries.append(_number(estimate, unit))
    entries = _with_best(summaries, entries, metric)
    symbol = " ".join(filter(None, (unit.symbol, metric.of)))
    column = Column(
        key=_key(metric), label=metric.label, kind="number", symbol=symbol, measured=bool(metric.passes)
    )
    return column, entries


def _asked_for(metric: Metric, summaries: Sequence[CellSummary]) -> bool:
    """Whether a pass ran that no run has by itself."""
    ran = {m.pass_name for summary in summaries for m in summary.cell.measurements}
    return bool(ran & set(metric.passes) & {"energy"})


def _key(metric: Metric) -> str:
    return f"{metric.name}-{metric.phase}".rstrip("-")


def _missing(summary: CellSummary, metric: Metric, reason: str | None) -> Entry:
    mistake = summary.cell.variant.mistake
    if _key(metric) == STEADY and mistake is not None and summary.status == "ok":
        return Entry(text="–", note=f"wrong on purpose: {mistake}")
    if _key(metric) == STEADY:
        if summary.status == "ok":
            return Entry(text="unknown", note=reason or "")
        return Entry(
            text=failure_words(summary), note=summary.failure.cause if summary.failure else reason or ""
        )
    return Entry(text="–", note=reason or "not measured")


def _number(estimate: Estimate, unit: DisplayUnit) -> Entry:
    value = (estimate.value or 0.0) / unit.divisor
    return Entry(
        text=f"{value:.0f}" if estimate.unit == "count" else three_digits(value),
        number=value,
        low=None if estimate.low is None else estimate.low / unit.divisor,
        high=None if estimate.high is None else estimate.high / unit.divisor,
        note=f"{estimate.rounds} runs" if estimate.rounds > 1 else "",
    )


def _with_best(summaries: Sequence[CellSummary], entries: Sequence[Entry], metric: Metric) -> list[Entry]:
    """The best of each phone and model marked, as far as the shown digits tell; none where all look alike."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for summary, entry in zip(summaries, entries, strict=True):
        if entry.number is not None and summary.cell.variant.mistake is None:
            groups.setdefault(_group(summary), []).append(entry)
    choose = max if metric.better == "higher" else min
    marked = []
    for summary, entry in zip(summaries, entries, strict=True):
        rivals = groups.get(_group(summary), [])
        wrong = summary.cell.variant.mistake is not None
        if metric.better and entry.number is not None and not wrong and len({rival.text for rival in rivals}) > 1:
            best = choose(rivals, key=lambda rival: rival.number or 0.0)
            entry = replace(entry, best=entry.text == best.text)
        marked.append(entry)
    return marked


def _group(summary: CellSummary) -> tuple[str, str]:
    return summary.cell.device.device, summary.cell.variant.model


def _ratio_column(summaries: Sequence[CellSummary]) -> tuple[Column, list[Entry]]:
    title = "steady latency divided by the baseline's on the same phone: below 1 is faster"
    column = Column(key="ratio", label="× baseline", kind="number", title=title, measured=True)
    return column, [_ratio_entry(s.comparison) for s in summaries]


def _ratio_entry(comparison: Comparison | None) -> Entry:
    if comparison is None:
        return Entry(text="baseline", number=1.0)
    if comparison.ratio is None:
        return Entry(text="–", note=f"no round in common with {comparison.baseline}")
    return Entry(
        text=three_digits(comparison.ratio),
        number=comparison.ratio,
        low=comparison.low,
        high=comparison.high,
        note=f"{comparison.verdict} against {comparison.baseline}",
    )


def _verdict_column(summaries: Sequence[CellSummary]) -> tuple[Column, list[Entry]]:
    column = Column(key="verdict", label="Verdict", kind="verdict", title="see docs/measuring.md")
    return column, [
        Entry(
            text=s.verdict if s.status == "ok" else s.status,
            note="; ".join(f"{t.id}: {t.sentence} {t.detail}" for t in s.taints),
        )
        for s in summaries
    ]


def _shared_setup(summaries: Sequence[CellSummary], varying: Sequence[str]) -> str:
    if not summaries:
        return ""
    return ", ".join(setup_told(summaries[0].cell, without=varying))
