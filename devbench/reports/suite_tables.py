"""The tables that a suite asks for, one a phone: what was measured, with its doubt, beside what others said."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.codec import Json
from devbench.domain.device import DeviceInfo
from devbench.domain.suite_table import SuiteTable
from devbench.domain.summary import CellSummary, Estimate
from devbench.metrics import all_metrics
from devbench.reports.base import Report
from devbench.reports.mode_tables import mode_tables
from devbench.reports.table_view import TableView
from devbench.stats import paired
from devbench.summary import setup_words
from devbench.summary.conditions import steady_by_round
from devbench.units import display_unit, three_digits

Line = tuple[CellSummary, str | None]


def suite_tables(report: Report) -> tuple[TableView, ...]:
    """For each phone, each table of which the run has a line; and what its modes cost."""
    asked = [
        _view(report, table, device, lines)
        for device in report.run.header.devices
        for table in report.run.header.tables
        if (lines := _lines(report, table, device))
    ]
    return (*asked, *mode_tables(report))


def suite_tables_json(report: Report) -> list[Json]:
    return [
        {
            "device": view.device,
            "title": view.title,
            "heads": list(view.heads),
            "rows": [list(row) for row in view.rows],
            "notes": list(view.notes),
        }
        for view in suite_tables(report)
    ]


def _lines(report: Report, table: SuiteTable, device: DeviceInfo) -> list[Line]:
    mine = [s for s in report.summaries if s.cell.device.device == device.device]
    return [
        (summary, row.told)
        for row in table.rows
        for variant in row.variants
        for summary in mine
        if summary.cell.variant.variant == variant
    ]


def _view(report: Report, table: SuiteTable, device: DeviceInfo, lines: Sequence[Line]) -> TableView:
    summaries = [summary for summary, _ in lines]
    columns: list[tuple[str, list[str]]] = [
        ("Variant", [_name(s) for s in summaries]),
        ("Engine", [setup_words(s.cell)["engine"] for s in summaries]),
        *(_column(name, summaries) for name in table.columns),
    ]
    if table.faster_than is not None:
        reference = [s for s in report.summaries if s.cell.variant.model == table.faster_than]
        columns.append((f"× faster than {table.faster_than}", [_faster(s, reference) for s in summaries]))
    columns.append(("Verdict", [s.verdict for s in summaries]))
    if table.told_head is not None:
        columns.append((table.told_head, [told or "–" for _, told in lines]))
    virtual = " (virtual)" if device.virtual else ""
    return TableView(
        device=device.device,
        title=f"{table.title}, on {device.model}{virtual}",
        heads=tuple(head for head, _ in columns),
        rows=tuple(tuple(texts[i] for _, texts in columns) for i in range(len(lines))),
        notes=(*_failures(report, summaries), *_notes(table, summaries)),
    )


def _name(summary: CellSummary) -> str:
    variant = summary.cell.variant
    return variant.variant if variant.mistake is None else f"{variant.variant} (wrong: {variant.mistake})"


def _column(name: str, summaries: Sequence[CellSummary]) -> tuple[str, list[str]]:
    """Head and fields of a metric, all in one unit, each with its interval where it has one."""
    metric_name, _, phase = name.partition(".")
    metric = next(m for m in all_metrics() if (m.name, m.phase) == (metric_name, phase))
    estimates = [s.estimate(metric_name, phase) for s in summaries]
    unit = display_unit(metric.unit, [e.value for e in estimates if e is not None and e.value is not None])
    words = " ".join(filter(None, (unit.symbol, metric.of)))
    fields = [_field(e, unit.divisor) for e in estimates]
    return (f"{metric.label} ({words})" if words else metric.label), fields


def _field(estimate: Estimate | None, divisor: float) -> str:
    if estimate is None or estimate.value is None:
        return "–"
    value = estimate.value / divisor
    text = f"{value:.0f}" if estimate.unit == "count" else three_digits(value)
    if estimate.low is None or estimate.high is None or estimate.low == estimate.high:
        return text
    return f"{text} ({three_digits(estimate.low / divisor)}–{three_digits(estimate.high / divisor)})"


def _faster(summary: CellSummary, reference: Sequence[CellSummary]) -> str:
    """Against the reference model on the same phone by the same engine: other engines are another series."""
    cell = summary.cell
    same = [
        s.cell
        for s in reference
        if (s.cell.device.device, s.cell.backend, s.cell.runner) == (cell.device.device, cell.backend, cell.runner)
    ]
    if not same:
        return "–"
    if any(c.variant.variant == cell.variant.variant for c in same):
        return "1 (reference)"
    found = paired(steady_by_round(cell), steady_by_round(same[0]))
    if found is None:
        return "–"
    text = three_digits(found.ratio)
    if found.low is None or found.high is None:
        return text
    return f"{text} ({three_digits(found.low)}–{three_digits(found.high)})"


def _failures(report: Report, summaries: Sequence[CellSummary]) -> list[str]:
    """Why a line has no numbers."""
    return [
        f"{s.cell.variant.variant} by {setup_words(s.cell)['engine']}: {s.status}, {s.failure.kind}: "
        f"{report.scrub(s.failure.cause)}"
        for s in summaries
        if s.failure is not None
    ]


def _notes(table: SuiteTable, summaries: Sequence[CellSummary]) -> list[str]:
    notes = []
    sets = {(s.cell.variant.held_out.name, s.cell.variant.held_out.count) for s in summaries
            if s.cell.variant.held_out is not None}  # fmt: skip
    if sets and "execution_time" in table.columns:
        told = ", ".join(f"{count} of {name}" for name, count in sorted(sets))
        notes.append(
            f"The held-out set ({told}) runs whole in one process; its time holds preprocessing on the phone "
            "(resize, channel order, mean, scale), inference and reading the answers."
        )
    if "accuracy" in table.columns:
        notes.append("Accuracy is that of the phone's answers, with the exact 95 % bounds for a set of that size.")
    if table.faster_than is not None:
        notes.append(f"× faster: only where {table.faster_than} ran by the same engine, on the same phone.")
    if table.told_head is not None and table.source is not None:
        notes.append(f"{table.told_head}: {table.source}. None of these figures was measured here.")
    return notes
