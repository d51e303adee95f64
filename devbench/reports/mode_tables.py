"""What the way of running costs, as a table: one a phone, where a run has more than one mode."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.device import DeviceInfo
from devbench.reports.base import Report
from devbench.reports.table_view import TableView
from devbench.summary.modes import ModeCost, mode_costs
from devbench.units import display_unit, signed, three_digits


def mode_tables(report: Report) -> tuple[TableView, ...]:
    """Nothing for a phone with one mode only."""
    found = []
    for device in report.run.header.devices:
        costs = mode_costs([s for s in report.summaries if s.cell.device.device == device.device])
        if costs:
            found.append(_view(device, costs))
    return tuple(found)


def _view(device: DeviceInfo, costs: Sequence[ModeCost]) -> TableView:
    unit = display_unit("ns", [cost.steady_ns for cost in costs])
    many = len({cost.setup for cost in costs}) > 1
    return TableView(
        device=device.device,
        title=f"What the way of running costs, on {device.model}{' (virtual)' if device.virtual else ''}",
        heads=("Variant", "Mode", f"Steady ({unit.symbol})", "Difference", "× by round"),
        rows=tuple(
            (
                " · ".join((cost.variant, *(cost.setup if many else ()))),
                cost.told,
                three_digits(cost.steady_ns / unit.divisor),
                f"{signed(cost.delta_pct)} %" if cost.mode != cost.against else "compared with",
                _ratio(cost),
            )
            for cost in costs
        ),
        notes=("Modes are compared, never pooled: Android treats an app otherwise than a program of the shell.",),
    )


def _ratio(cost: ModeCost) -> str:
    if cost.mode == cost.against or cost.paired is None:
        return "–"
    found = cost.paired
    text = three_digits(found.ratio)
    if found.low is None or found.high is None:
        return text
    return f"{text} ({three_digits(found.low)}–{three_digits(found.high)})"
