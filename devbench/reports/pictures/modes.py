"""What the way of running costs: each model's steady latency in every mode, against one of them on its phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.domain.summary import CellSummary
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, drawings_by_phone, short
from devbench.reports.pictures.style import LINE, SMALL, new_figure, series_style
from devbench.summary.modes import ModeCost, mode_costs
from devbench.units import signed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

def _modes(_: Report, summaries: Sequence[CellSummary]) -> list[ModeCost] | None:
    """None where there is one mode only."""
    return list(mode_costs(summaries)) or None


def _draw(modes: list[ModeCost]) -> Figure:
    """Bars of differences, each with its number: a table that can be seen."""
    figure = new_figure(7.4, 1.2 + 0.34 * len(modes))
    axis = figure.subplots()
    colours = {mode: series_style(i)["color"] for i, mode in enumerate(dict.fromkeys(m.mode for m in modes))}
    places = range(len(modes))
    axis.barh(places, [m.delta_pct for m in modes], color=[colours[m.mode] for m in modes], height=0.6)
    for place, m in zip(places, modes, strict=True):
        text = f"{signed(m.delta_pct)} %" if m.mode != m.against else "compared with"
        end = (max(m.delta_pct, 0.0), place)
        axis.annotate(text, end, xytext=(4, 0), textcoords="offset points", va="center", fontsize=SMALL)
    axis.set_yticks(places, [f"{short(m.variant)} · {m.mode}" for m in modes])
    axis.invert_yaxis()
    axis.axvline(0, color=LINE)
    deltas = [m.delta_pct for m in modes]
    widest = max(map(abs, deltas)) or 1.0
    axis.set_xlim(min(0.0, *deltas) - 0.1 * widest, max(0.0, *deltas) + 0.35 * widest)
    axis.set_xlabel(f"steady latency, difference from {modes[0].against} (%)")
    return figure


def _drawings(report: Report) -> list[Drawing]:
    return drawings_by_phone(report, _modes, _draw)


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("variant", "device", "mode", "steady_ns", "against", "delta_pct")]
    for device in report.run.header.devices:
        mine = [s for s in report.summaries if s.cell.device.device == device.device]
        rows += [
            (m.variant, m.device, m.mode, m.steady_ns, m.against, m.delta_pct)
            for m in _modes(report, mine) or ()
        ]
    return rows


PICTURE = Picture(
    name="modes",
    place=25,
    question="What does the way of running cost?",
    sentence="Each mode's steady latency against native on the same phone; modes are never pooled.",
    drawings=_drawings,
    rows=_rows,
)
