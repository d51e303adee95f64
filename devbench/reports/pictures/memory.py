"""Where does memory go: what is resident after load and at steady state, file-backed or private, and the peak."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.domain.summary import CellSummary
from devbench.reports.base import Report
from devbench.reports.pictures.base import Drawing, Picture, by_phone, drawings_by_phone, labels
from devbench.reports.pictures.style import INK, PAPER, SERIES, SMALL, new_figure
from devbench.units import display_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Bytes = dict[tuple[str, str], float]
_PARTS = (("rss_file", "file-backed", SERIES[5], "///"), ("rss_anon", "private", SERIES[0], ""))
_PHASES = ("load", "steady")


def _drawings(report: Report) -> list[Drawing]:
    return drawings_by_phone(report, _bytes, _draw)


def _bytes(report: Report, mine: Sequence[CellSummary]) -> dict[str, Bytes]:
    """Label → (metric, phase) → bytes, for what is known."""
    wanted = [("peak_rss", ""), *((part, phase) for part, *_ in _PARTS for phase in _PHASES)]
    found = {
        label: {key: e.value for key in wanted if (e := s.estimate(*key)) is not None and e.value is not None}
        for s, label in zip(mine, labels(report, mine), strict=True)
    }
    return {label: values for label, values in found.items() if values}


def _draw(cells: dict[str, Bytes]) -> Figure:
    unit = display_unit("byte", [value for found in cells.values() for value in found.values()])
    figure = new_figure(6.4, 1.4 + 0.42 * len(cells))
    axis = figure.subplots()
    for offset, phase in ((-0.19, "load"), (0.19, "steady")):
        left = [0.0] * len(cells)
        for part, name, colour, hatch in _PARTS:
            widths = [found.get((part, phase), 0.0) / unit.divisor for found in cells.values()]
            places = [place + offset for place in range(len(cells))]
            axis.barh(
                places,
                widths,
                height=0.34,
                left=left,
                color=colour,
                hatch=hatch,
                edgecolor=PAPER,
                label=name if phase == "load" else None,
            )
            left = [a + b for a, b in zip(left, widths, strict=True)]
    peaks = [(place, found.get(("peak_rss", ""))) for place, found in enumerate(cells.values())]
    shown = [(place, peak / unit.divisor) for place, peak in peaks if peak is not None]
    axis.plot([x for _, x in shown], [y for y, _ in shown], "|", color=INK, markersize=16, label="peak")
    axis.set_yticks(range(len(cells)), list(cells))
    axis.set_ylim(len(cells) - 0.5, -0.5)
    axis.set_xlim(left=0)
    axis.set_xlabel(f"resident memory ({unit.symbol})")
    figure.legend(loc="outside upper left", ncols=3, fontsize=SMALL)
    return figure


def _rows(report: Report) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [("device", "variant", "metric", "phase", "bytes")]
    for device, mine in by_phone(report):
        for label, found in _bytes(report, mine).items():
            rows += [(device.device, label, metric, phase, value) for (metric, phase), value in found.items()]
    return rows


PICTURE = Picture(
    name="memory",
    place=60,
    question="Where does memory go?",
    sentence="Resident memory after load (upper bar) and at steady state (lower bar), split into file-backed and "
    "private, and its peak; from a process of its own that is not timed.",
    drawings=_drawings,
    rows=_rows,
)
