"""The gap between developers and users: each model's latency on every phone of the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, labels, short, steady_ns
from devbench.reports.pictures.style import LINE, SMALL, new_figure, plain_log_ticks, series_style
from devbench.units import display_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_IN_LEGEND = 12


def _drawings(report: Report) -> list[Drawing]:
    phones = [device for device, _ in by_phone(report)]
    lines = _lines(report)
    if len(phones) < 2 or not any(len(points) > 1 for points in lines.values()):
        return []
    virtual = [device for device in phones if device.virtual]
    caption = "one line a model"
    if len(virtual) > 1:
        caption += "; not measured between virtual phones: they are one computer"
    names = [short(device.model) + (" (virtual)" if device.virtual else "") for device in phones]
    return [Drawing(name="all", caption=caption, draw=lambda: _draw(names, lines))]


def _lines(report: Report) -> dict[str, dict[int, float]]:
    """Label → place of the phone → steady latency (ns)."""
    lines: dict[str, dict[int, float]] = {}
    for place, (_, mine) in enumerate(by_phone(report)):
        for summary, label in zip(mine, labels(report, mine), strict=True):
            ns = steady_ns(summary)
            if ns is not None:
                lines.setdefault(label, {})[place] = ns
    return lines


def _draw(names: Sequence[str], lines: dict[str, dict[int, float]]) -> Figure:
    values = [ns for points in lines.values() for ns in points.values()]
    unit = display_unit("ns", values)
    figure = new_figure(max(6.4, min(13.0, 1.2 * len(names) + 3)), 4.4)
    axis = figure.subplots()
    for i, (label, points) in enumerate(lines.items()):
        places = sorted(points)
        axis.plot(places, [points[p] / unit.divisor for p in places], label=label, **series_style(i))  # type: ignore[arg-type]
    plain_log_ticks(axis, "y", min(values) / unit.divisor / 1.3, max(values) / unit.divisor * 1.3)
    axis.set_xticks(
        range(len(names)),
        names,
        rotation=30 if len(names) > 4 else 0,
        ha="right" if len(names) > 4 else "center",
    )
    axis.set_xlim(-0.3, len(names) - 0.7)
    axis.grid(True, axis="x", color=LINE)
    axis.set_ylabel(f"steady latency ({unit.symbol})")
    if len(lines) <= _MOST_IN_LEGEND:
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=SMALL)
    return figure


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("variant", "device", "virtual", "steady_ns")]
    phones = [device for device, _ in by_phone(report)]
    for label, points in _lines(report).items():
        rows += [(label, phones[p].device, phones[p].virtual, ns) for p, ns in sorted(points.items())]
    return rows


PICTURE = Picture(
    name="gap",
    place=30,
    question="How far apart are developers' and users' phones?",
    sentence="Each model's steady latency on every phone, on one log axis.",
    drawings=_drawings,
    rows=_rows,
)
