"""Which is faster, by how much, how sure: each cell's ratio to the baseline with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from devbench.domain.summary import CellSummary, Comparison
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, drawings_by_phone, labels
from devbench.reports.pictures.style import BAND, INK, MUTED, SERIES, SMALL, new_figure, plain_log_ticks
from devbench.stats import DELTA
from devbench.units import three_digits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Compared = tuple[str, Comparison, float]
_LOOK = {"faster": (SERIES[2], "o"), "slower": (SERIES[1], "s")}


def _drawings(report: Report) -> list[Drawing]:
    return drawings_by_phone(report, _compared, partial(_draw, limits=_limits(report)))


def _compared(report: Report, mine: Sequence[CellSummary]) -> list[Compared]:
    return [
        (label, s.comparison, s.comparison.ratio)
        for s, label in zip(mine, labels(report, mine), strict=True)
        if s.comparison is not None and s.comparison.ratio is not None
    ]


def _limits(report: Report) -> tuple[float, float]:
    """One axis for all phones, so that panels compare; a hopelessly wide interval may run off it."""
    ratios = [s.comparison.ratio for s in report.summaries if s.comparison and s.comparison.ratio]
    return min([0.9, *ratios]) / 1.15, max([1.1, *ratios]) * 1.15


def _draw(found: Sequence[Compared], limits: tuple[float, float]) -> Figure:
    figure = new_figure(6.4, 1.1 + 0.28 * len(found))
    axis = figure.subplots()
    axis.axvspan(1 / (1 + DELTA), 1 + DELTA, color=BAND, linewidth=0)
    axis.axvline(1, color=INK, linewidth=1)
    for place, (_, comparison, ratio) in enumerate(found):
        colour, marker = _LOOK.get(comparison.verdict, (MUTED, "D"))
        if comparison.low is not None and comparison.high is not None:
            axis.plot([comparison.low, comparison.high], [place, place], color=colour, linewidth=2)
        axis.plot([ratio], [place], marker=marker, color=colour, markersize=6, linestyle="none")
        words = f"{three_digits(ratio)}{_interval(comparison)} {comparison.verdict}"
        axis.text(1.02, place, words, transform=axis.get_yaxis_transform(), va="center", fontsize=SMALL)
    axis.set_yticks(range(len(found)), [label for label, _, _ in found])
    axis.set_ylim(len(found) - 0.5, -0.5)
    plain_log_ticks(axis, "x", *limits)
    axis.set_xlabel("latency ÷ baseline (left of 1 is faster)")
    return figure


def _interval(comparison: Comparison) -> str:
    if comparison.low is None or comparison.high is None:
        return ""
    return f" ({three_digits(comparison.low)}–{three_digits(comparison.high)})"


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        ("device", "variant", "baseline", "ratio", "low", "high", "rounds", "verdict")
    ]
    for device, mine in by_phone(report):
        rows += [
            (device.device, label, c.baseline, ratio, c.low, c.high, c.rounds, c.verdict)
            for label, c, ratio in _compared(report, mine)
        ]
    return rows


PICTURE = Picture(
    name="forest",
    place=10,
    question="Which is faster, by how much, how sure?",
    sentence="Ratio of steady latency to the baseline's with its 95 % interval; the band is ±3 %, "
    "inside which a difference is of no practical use. Grey diamonds decide nothing.",
    drawings=_drawings,
    rows=_rows,
)
