"""What do I pay: the size of each model against its latency, and the front that none of its model beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.domain.summary import CellSummary
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, drawings_by_phone, labels, steady_ns
from devbench.reports.pictures.style import MUTED, SMALL, new_figure, plain_log_ticks, series_style
from devbench.units import DisplayUnit, display_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[str, float, float, str]
_MOST_LABELS = 24


def _drawings(report: Report) -> list[Drawing]:
    return drawings_by_phone(report, _choice, _draw)


def _choice(report: Report, mine: Sequence[CellSummary]) -> list[Point] | None:
    """The points, if there is a choice between sizes."""
    points = _points(report, mine)
    return points if len({size for _, size, _, _ in points}) > 1 else None


def _points(report: Report, mine: Sequence[CellSummary]) -> list[Point]:
    """Label, bytes, ns and model of every cell with a latency and a known size."""
    return [
        (label, float(size), ns, s.cell.variant.model)
        for s, label in zip(mine, labels(report, mine), strict=True)
        if (ns := steady_ns(s)) is not None and (size := s.cell.variant.size_bytes) is not None
    ]


def front_of(points: Sequence[Point]) -> list[Point]:
    """The points that no other of their model beats in both size and latency, by model and size."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p[3], p[1], p[2])):
        if not front or point[3] != front[-1][3] or point[2] < front[-1][2]:
            front.append(point)
    return front


def _draw(points: Sequence[Point]) -> Figure:
    sizes = display_unit("byte", [point[1] for point in points])
    times = display_unit("ns", [point[2] for point in points])
    figure = new_figure(6.4, 4.0)
    axis = figure.subplots()
    front = front_of(points)
    for model in sorted({point[3] for point in points}):
        own = [point for point in front if point[3] == model]
        x, y = _in(sizes, own, 1), _in(times, own, 2)
        axis.step(x, y, where="post", color=MUTED, linewidth=1, linestyle="--")
    _frame(axis, "x", _in(sizes, points, 1))
    _frame(axis, "y", _in(times, points, 2))
    for i, (label, size, ns, _) in enumerate(points):
        look = series_style(i)
        place = (size / sizes.divisor, ns / times.divisor)
        axis.plot(*place, color=look["color"], marker=look["marker"], markersize=7, linestyle="none")
        if len(points) <= _MOST_LABELS:
            _name(axis, label, place, below=bool(i % 2))
    axis.grid(True)
    axis.set_xlabel(f"model file ({sizes.symbol})")
    axis.set_ylabel(f"steady latency ({times.symbol})")
    return figure


def _name(axis: Axes, label: str, place: tuple[float, float], *, below: bool) -> None:
    """A label beside its point, towards the middle, every other one below: close points stay legible."""
    across = axis.transData.transform(place)[0]
    left, right = axis.transData.transform([(x, 1) for x in axis.get_xlim()])[:, 0]
    side = 1 if across < (left + right) / 2 else -1
    axis.annotate(
        label,
        place,
        xytext=(7 * side, -11 if below else 5),
        textcoords="offset points",
        fontsize=SMALL,
        ha="left" if side > 0 else "right",
    )


def _in(unit: DisplayUnit, points: Sequence[Point], index: int) -> list[float]:
    return [float(point[index]) / unit.divisor for point in points]


def _frame(axis: Axes, which: str, values: Sequence[float]) -> None:
    plain_log_ticks(axis, which, min(values) / 1.3, max(values) * 1.3)


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("device", "variant", "size_bytes", "steady_ns", "model", "on_front")]
    for device, mine in by_phone(report):
        points = _points(report, mine)
        front = front_of(points)
        rows += [(device.device, *point, point in front) for point in points]
    return rows


PICTURE = Picture(
    name="size-latency",
    place=20,
    question="What do I pay?",
    sentence="Size of the model file against steady latency, both on log axes. "
    "No variant of a model is both smaller and faster than its dashed front.",
    drawings=_drawings,
    rows=_rows,
)
