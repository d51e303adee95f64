"""Can I trust it: each process's median by round, with temperature and clocks below on the same axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.domain.measurement import Measurement
from devbench.domain.summary import CellSummary
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, drawings_by_phone, labels
from devbench.reports.pictures.style import INK, MUTED, SERIES, SMALL, new_figure, series_style
from devbench.summary.conditions import steady_by_round
from devbench.summary.processes import fastest_khz, hottest_c

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_IN_LEGEND = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One phone: medians by label and round (ns), the hottest sensor (°C) and the fastest clock (MHz) by round."""

    medians: dict[str, dict[int, float]]
    hottest_c: dict[int, float]
    clock_mhz: dict[int, float]


def _drawings(report: Report) -> list[Drawing]:
    return drawings_by_phone(report, _several_rounds, _draw)


def _several_rounds(report: Report, mine: Sequence[CellSummary]) -> Session | None:
    session = _session(report, mine)
    return session if any(len(points) > 1 for points in session.medians.values()) else None


def _session(report: Report, mine: Sequence[CellSummary]) -> Session:
    controls = [s for s in report.controls if s.cell.device.device == mine[0].cell.device.device]
    both = [*mine, *controls]
    medians = dict(zip(labels(report, both), (steady_by_round(s.cell) for s in both), strict=True))
    runs = [m for s in both for m in s.cell.of_pass("latency")]
    return Session(
        medians={label: points for label, points in medians.items() if points},
        hottest_c=_by_round(runs, lambda run: hottest_c(run.state_after)),
        clock_mhz=_by_round(runs, _clock_mhz),
    )


def _by_round(runs: Sequence[Measurement], read: Callable[[Measurement], float | None]) -> dict[int, float]:
    found: dict[int, float] = {}
    for run in runs:
        value = read(run)
        if value is not None:
            found[run.round] = max(value, found.get(run.round, value))
    return dict(sorted(found.items()))


def _clock_mhz(run: Measurement) -> float | None:
    khz = fastest_khz(run)
    return None if khz is None else khz / 1000


def _draw(session: Session) -> Figure:
    below = [
        (points, label)
        for points, label in ((session.hottest_c, "hottest °C"), (session.clock_mhz, "MHz"))
        if points
    ]
    figure = new_figure(6.4, 2.8 + 0.9 * len(below))
    axes = figure.subplots(
        1 + len(below), 1, sharex=True, squeeze=False, height_ratios=[3] + [1] * len(below)
    )
    upper = axes[0][0]
    _draw_medians(upper, session.medians)
    for i, (points, label) in enumerate(below, start=1):
        axes[i][0].plot(list(points), list(points.values()), color=SERIES[1], marker="o", markersize=3)
        axes[i][0].set_ylabel(label)
        axes[i][0].margins(y=0.4)
    last = axes[-1][0]
    last.set_xlabel("round")
    rounds = sorted({r for points in session.medians.values() for r in points})
    last.set_xticks(rounds[:: max(1, math.ceil(len(rounds) / 12))])
    return figure


def _draw_medians(axis: Axes, medians: dict[str, dict[int, float]]) -> None:
    many = len(medians) > _MOST_IN_LEGEND
    for i, (label, points) in enumerate(medians.items()):
        middle = math.exp(sum(map(math.log, points.values())) / len(points))
        look = {"color": MUTED, "alpha": 0.6} if many else {**series_style(i), "markersize": 5}
        deviation = [100 * (ns / middle - 1) for ns in points.values()]
        axis.plot(list(points), deviation, label=label, **look)  # type: ignore[arg-type]
    axis.axhline(0, color=INK, linewidth=0.8)
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, -3.2), max(high, 3.2))
    axis.grid(True, axis="y")
    axis.set_ylabel("% from its own mean")
    if not many:
        axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=SMALL)


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("device", "variant", "round", "median_ns", "hottest_c", "clock_mhz")]
    for device, mine in by_phone(report):
        session = _session(report, mine)
        rows += [
            (device.device, label, r, ns, session.hottest_c.get(r), session.clock_mhz.get(r))
            for label, points in session.medians.items()
            for r, ns in points.items()
        ]
    return rows


PICTURE = Picture(
    name="rounds",
    place=40,
    question="Can I trust it?",
    sentence="Each process's median by round, relative to its variant's own mean: lines that move together are the "
    "phone's doing and cancel in comparisons. Below, the hottest sensor and the fastest clock after each round.",
    drawings=_drawings,
    rows=_rows,
)
