"""Which cores, how many threads: a heat map a phone, one panel a variant, when a run varied them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from devbench.reports.affinity import field_words, is_best, ratio_to_best, unit_of
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, short
from devbench.reports.pictures.style import INK, LINE, MUTED, SERIES, SMALL, new_figure
from devbench.summary.affinity import Matrix, matrices_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 12
_DARKEST, _DARKEST_RATIO = 0.55, 3.0


def _drawings(report: Report) -> list[Drawing]:
    matrices = matrices_of(report.summaries)
    drawings = []
    for device in report.run.header.devices:
        mine = [m for m in matrices if m.device == device.device and m.best_ns is not None]
        if mine:
            more = f", the first {_MOST_PANELS} of {len(mine)}" if len(mine) > _MOST_PANELS else ""
            draw = partial(_draw, mine[:_MOST_PANELS])
            drawings.append(Drawing(name=device.device, caption=device.model + more, draw=draw))
    return drawings


def _draw(matrices: Sequence[Matrix]) -> Figure:
    heights = [len(matrix.cores) for matrix in matrices]
    widest = max(len(matrix.threads) for matrix in matrices)
    figure = new_figure(max(6.4, 1.3 * widest + 1.6), sum(0.56 * h + 0.62 for h in heights) + 0.2)
    axes = figure.subplots(len(matrices), 1, squeeze=False, height_ratios=[h + 0.8 for h in heights])
    for matrix, axis in zip(matrices, axes[:, 0], strict=True):
        _panel(axis, matrix, widest)
    return figure


def _panel(axis: Axes, matrix: Matrix, widest: int) -> None:
    from matplotlib.patches import Rectangle

    for y, cores in enumerate(matrix.cores):
        for x, threads in enumerate(matrix.threads):
            ratio = ratio_to_best(matrix, cores, threads)
            value, words = field_words(matrix, cores, threads)
            best = is_best(matrix, cores, threads)
            place = (x - 0.5, y - 0.5)
            shade = 0.0 if ratio is None else _DARKEST * min(1.0, (ratio - 1) / (_DARKEST_RATIO - 1))
            axis.add_patch(Rectangle(place, 1, 1, facecolor=SERIES[0], alpha=shade, edgecolor="none"))
            hatch = "///" if ratio is None else ""
            edge = Rectangle(place, 1, 1, fill=False, edgecolor=LINE, linewidth=1, hatch=hatch)
            axis.add_patch(edge)
            text = value if not words else f"{value}\n{words}"
            weight, size = ("bold" if best else "normal"), (SMALL if ratio is not None else 7.5)
            axis.text(x, y, text, ha="center", va="center", fontsize=size, fontweight=weight, color=INK)
    axis.set_xlim(-0.5, widest - 0.5)
    axis.set_ylim(len(matrix.cores) - 0.5, -0.5)
    axis.set_xticks(range(len(matrix.threads)), [str(threads) for threads in matrix.threads])
    axis.set_yticks(range(len(matrix.cores)), list(matrix.cores))
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    axis.set_title(f"{short(matrix.label)} ({unit_of(matrix).symbol})", loc="left", fontsize=SMALL, color=INK)
    axis.set_xlabel("threads", fontsize=SMALL, color=MUTED)


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        ("device", "variant", "cores", "threads", "steady_ns", "ratio_to_best", "status", "verdict")
    ]
    for matrix in matrices_of(report.summaries):
        for (cores, threads), s in matrix.cells.items():
            numbers = (matrix.steady_ns(cores, threads), ratio_to_best(matrix, cores, threads))
            rows.append((matrix.device, matrix.label, cores, threads, *numbers, s.status, s.verdict))
    return rows


PICTURE = Picture(
    name="affinity",
    place=35,
    question="Which cores, how many threads?",
    sentence="Steady latency by core group and threads, with its ratio to the best of its variant on that phone: "
    "the more colour, the slower. ! marks a tainted number, ? one that decides nothing; hatched fields have none.",
    drawings=_drawings,
    rows=_rows,
)
