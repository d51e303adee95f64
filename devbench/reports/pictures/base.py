"""What a picture is: a question, drawings that answer it, and the very data drawn, as rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from devbench.domain.device import DeviceInfo
from devbench.domain.summary import CellSummary
from devbench.metrics.base import members_of
from devbench.reports.base import Report
from devbench.summary import setup_words, varying_setup

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LONGEST_LABEL = 30
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One figure, drawn when it is asked for; `name` makes a file name, `caption` says whose it is."""

    name: str
    caption: str
    draw: Callable[[], Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """`drawings` gives nothing when the run has no data for it; `rows` (first the head) are what is drawn."""

    name: str
    place: int
    question: str
    sentence: str
    drawings: Callable[[Report], Sequence[Drawing]]
    rows: Callable[[Report], Sequence[Sequence[object]]]


def all_pictures() -> tuple[Picture, ...]:
    """Every picture, in the order of their places on the page."""
    import devbench.reports.pictures

    found = [module.PICTURE for module in members_of(devbench.reports.pictures) if hasattr(module, "PICTURE")]
    return tuple(sorted(found, key=lambda picture: (picture.place, picture.name)))


def by_phone(report: Report) -> Iterator[tuple[DeviceInfo, tuple[CellSummary, ...]]]:
    """Each phone that has cells, with its summaries."""
    for device in report.run.header.devices:
        mine = tuple(s for s in report.summaries if s.cell.device.device == device.device)
        if mine:
            yield device, mine


def drawings_by_phone(
    report: Report,
    find: Callable[[Report, Sequence[CellSummary]], T | None],
    draw: Callable[[T], Figure],
) -> list[Drawing]:
    """A drawing for each phone for which `find` gives something to draw."""
    return [
        Drawing(name=device.device, caption=device.model, draw=partial(draw, found))
        for device, mine in by_phone(report)
        if (found := find(report, mine))
    ]


def steady_ns(summary: CellSummary) -> float | None:
    estimate = summary.estimate("latency", "steady")
    return None if estimate is None else estimate.value


def labels(report: Report, summaries: Sequence[CellSummary]) -> list[str]:
    """A short printable name a row: the variant, and what of its setup differs in this run."""
    varying = varying_setup(s.cell for s in report.summaries)
    names = []
    for summary in summaries:
        words = setup_words(summary.cell)
        names.append(short(" · ".join((summary.cell.variant.variant, *(words[name] for name in varying)))))
    return names


def short(text: str) -> str:
    """`text` on one line, printable, its middle cut out when it is long: ends tell variants apart."""
    text = "".join(c if c.isprintable() else "�" for c in text)
    if len(text) <= _LONGEST_LABEL:
        return text
    half = (_LONGEST_LABEL - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
