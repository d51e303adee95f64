"""Does it last: latency over minutes with the phone's heat and clocks on the same axis, for runs of two or more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from devbench.domain.measurement import Mark, Measurement
from devbench.domain.summary import CellSummary
from devbench.metrics.sustained import curve_of
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, labels
from devbench.reports.pictures.style import INK, MUTED, SERIES, SMALL, new_figure, series_style
from devbench.reports.sustained import sustained_words
from devbench.stats.sustained import MINUTE_NS, Curve
from devbench.units import display_unit, three_digits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_OF_MEDIAN = 2.5
_MOST_PROCESSES = 4
Points = list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One process: its curve, and heat (°C) and clock (MHz) by minute since its steady phase began."""

    curve: Curve
    heat: Points
    clock: Points


def _drawings(report: Report) -> list[Drawing]:
    drawings = []
    for device, mine in by_phone(report):
        for i, (summary, label) in enumerate(zip(mine, labels(report, mine), strict=True)):
            runs = _runs(summary)
            if runs:
                caption = f"{device.model}: {label} {sustained_words(summary)}"
                drawings.append(
                    Drawing(name=f"{device.device}-{i}", caption=caption, draw=partial(_draw, runs))
                )
    return drawings


def _runs(summary: CellSummary) -> list[_Run]:
    found = []
    for m in summary.cell.of_pass("latency"):
        curve = curve_of(m)
        if curve is not None:
            heat = _points(m, lambda mark: max(mark.temperatures_c.values(), default=None))
            clock = _points(m, lambda mark: max(mark.cpu_khz.values(), default=None))
            found.append(_Run(curve=curve, heat=heat, clock=[(at, khz / 1000) for at, khz in clock]))
    return found


def _points(m: Measurement, read: Callable[[Mark], float | None]) -> Points:
    steady = next((s for s in m.series if s.phase == "steady"), None)
    start = steady.start_ns if steady else None
    if start is None:
        return []
    values = ((mark.t_ns, read(mark)) for mark in m.marks)
    return [((t - start) / MINUTE_NS, value) for t, value in values if value is not None]


def _draw(runs: Sequence[_Run]) -> Figure:
    below = [(label, read) for label, read in _BELOW if any(read(run) for run in runs)]
    figure = new_figure(6.4, 2.9 + 0.9 * len(below))
    axes = figure.subplots(
        1 + len(below), 1, sharex=True, squeeze=False, height_ratios=[3] + [1] * len(below)
    )
    _latency(axes[0][0], runs[:_MOST_PROCESSES])
    for row, (label, read) in enumerate(below, start=1):
        for i, run in enumerate(runs[:_MOST_PROCESSES]):
            points = read(run)
            axes[row][0].plot(*zip(*points, strict=True), color=SERIES[i], linewidth=1.2) if points else None
        axes[row][0].set_ylabel(label)
        axes[row][0].margins(y=0.3)
    axes[-1][0].set_xlabel("minutes since steady began")
    axes[-1][0].set_xlim(left=0)
    return figure


_BELOW: tuple[tuple[str, Callable[[_Run], Points]], ...] = (
    ("hottest °C", lambda run: run.heat),
    ("MHz", lambda run: run.clock),
)


def _latency(axis: Axes, runs: Sequence[_Run]) -> None:
    unit = display_unit("ns", [run.curve.first_ns for run in runs])
    for i, run in enumerate(runs):
        minutes = [block.at_ns / MINUTE_NS for block in run.curve.blocks]
        low, middle, high = (
            [getattr(block, name) / unit.divisor for block in run.curve.blocks]
            for name in ("low_ns", "median_ns", "high_ns")
        )
        colour = series_style(i)["color"]
        axis.fill_between(minutes, low, high, color=colour, alpha=0.18, linewidth=0)
        axis.plot(minutes, middle, color=colour, label="median" if len(runs) == 1 else f"process {i + 1}")
    first = runs[0].curve
    for value, name, at in (
        (first.first_ns, "first minute", 0.5),
        (first.last_ns, "last minute", first.lasted_ns / MINUTE_NS - 0.5),
    ):
        axis.plot([at - 0.5, at + 0.5], [value / unit.divisor] * 2, color=INK, linewidth=2.4)
        words = f"{name}: {three_digits(value / unit.divisor)}"
        side = "left" if at == 0.5 else "right"
        place = (at - 0.5 if side == "left" else at + 0.5, value / unit.divisor)
        axis.annotate(
            words, place, xytext=(0, 7), textcoords="offset points", fontsize=SMALL, ha=side, color=INK
        )
    axis.axvline(1, color=MUTED, linewidth=0.6, linestyle=":")
    axis.axvline(first.lasted_ns / MINUTE_NS - 1, color=MUTED, linewidth=0.6, linestyle=":")
    axis.grid(True, axis="y")
    axis.margins(y=0.12)
    _cut_spikes(axis, runs, unit.divisor)
    axis.set_ylabel(f"latency ({unit.symbol})")
    if len(runs) > 1:
        axis.legend(loc="upper center", ncols=4, fontsize=SMALL)


def _cut_spikes(axis: Axes, runs: Sequence[_Run], divisor: float) -> None:
    """A single hiccup, a hundred times the median, would flatten the curve: the axis ends before it and says so."""
    medians = [block.median_ns for run in runs for block in run.curve.blocks]
    highest = max(block.high_ns for run in runs for block in run.curve.blocks)
    top = _MOST_OF_MEDIAN * max(medians)
    if highest <= top:
        return
    axis.set_ylim(0, top / divisor)
    words = f"cut off: single inferences of up to {three_digits(highest / divisor)}"
    axis.annotate(
        words, (0.5, 0.97), xycoords="axes fraction", fontsize=SMALL, ha="center", va="top", color=MUTED
    )


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        ("device", "variant", "process", "minute", "low_ns", "median_ns", "high_ns")
    ]
    for device, mine in by_phone(report):
        for summary, label in zip(mine, labels(report, mine), strict=True):
            for number, run in enumerate(_runs(summary), start=1):
                rows += [
                    (
                        device.device,
                        label,
                        number,
                        f"{b.at_ns / MINUTE_NS:.3f}",
                        b.low_ns,
                        b.median_ns,
                        b.high_ns,
                    )
                    for b in run.curve.blocks
                ]
    return rows


PICTURE = Picture(
    name="sustained",
    place=45,
    question="Does it last?",
    sentence="Latency over minutes: the line joins the medians of short stretches, the band reaches from "
    "their least to their most; heavy strokes are the medians of the first and the last minute. Below, the hottest "
    "zone and the fastest clock as the process read them between two inferences.",
    drawings=_drawings,
    rows=_rows,
)
