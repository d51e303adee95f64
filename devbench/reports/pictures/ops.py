"""Where does time go: operators by type as shares of an inference, from pass `ops`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.domain.summary import Cell, CellSummary
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, drawings_by_phone, labels, short
from devbench.reports.pictures.style import HATCHES, MUTED, PAPER, SERIES, SMALL, new_figure
from devbench.summary.ops import profile_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Shares = dict[str, dict[str, float]]
_MOST_TYPES = 6


def share_by_type(cell: Cell) -> dict[str, float]:
    """Operator type → share of the summed operator time (1 in all), from the `ok` run of pass `ops`."""
    profile = profile_of(cell)
    return profile.by_type() if profile else {}


def _drawings(report: Report) -> list[Drawing]:
    return drawings_by_phone(report, _shares, _draw)


def _shares(report: Report, mine: Sequence[CellSummary]) -> Shares:
    found = {label: share_by_type(s.cell) for s, label in zip(mine, labels(report, mine), strict=True)}
    return {label: shares for label, shares in found.items() if shares}


def _draw(shares: Shares) -> Figure:
    kinds = _largest(shares)
    figure = new_figure(6.4, 1.5 + 0.3 * len(shares))
    axis = figure.subplots()
    places = list(range(len(shares)))
    left = [0.0] * len(shares)
    for i, kind in enumerate([*kinds, None]):
        widths = [_width(one, kind, kinds) for one in shares.values()]
        if any(widths):
            colour = MUTED if kind is None else SERIES[i % len(SERIES)]
            axis.barh(
                places,
                widths,
                left=left,
                label=short(kind or "other"),
                color=colour,
                hatch=HATCHES[i],
                edgecolor=PAPER,
            )
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axis.set_yticks(places, list(shares))
    axis.set_ylim(len(shares) - 0.5, -0.5)
    axis.set_xlim(0, 100)
    axis.set_xlabel("% of the time in operators")
    figure.legend(loc="outside upper left", ncols=3, fontsize=SMALL)
    return figure


def _largest(shares: Shares) -> list[str]:
    totals: dict[str, float] = defaultdict(float)
    for one in shares.values():
        for kind, share in one.items():
            totals[kind] += share
    return sorted(totals, key=lambda kind: -totals[kind])[:_MOST_TYPES]


def _width(shares: dict[str, float], kind: str | None, named: Sequence[str]) -> float:
    if kind is not None:
        return 100 * shares.get(kind, 0.0)
    return 100 * sum(share for other, share in shares.items() if other not in named)


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("device", "variant", "type", "share")]
    for device, mine in by_phone(report):
        for label, shares in _shares(report, mine).items():
            rows += [(device.device, label, kind, share) for kind, share in shares.items()]
    return rows


PICTURE = Picture(
    name="ops",
    place=50,
    question="Where does time go?",
    sentence="Operators by type as shares of the summed operator time, from a profiled process of its own.",
    drawings=_drawings,
    rows=_rows,
)
