"""Threads against core groups: the cells of a run that differ in nothing else, as a matrix a phone and variant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from devbench.domain.summary import CellSummary
from devbench.summary.cells import setup_words, varying_setup

_ORDER = ("big", "mid", "little", "all")
_AXES = ("threads", "cores")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """`cells` by (cores, threads); a pair that was not asked for is missing. `label` says what of."""

    device: str
    label: str
    cores: tuple[str, ...]
    threads: tuple[int, ...]
    cells: dict[tuple[str, int], CellSummary]

    def steady_ns(self, cores: str, threads: int) -> float | None:
        summary = self.cells.get((cores, threads))
        estimate = summary.estimate("latency", "steady") if summary else None
        return estimate.value if estimate and summary and summary.status == "ok" else None

    @property
    def best_ns(self) -> float | None:
        known = (self.steady_ns(*pair) for pair in self.cells)
        return min((ns for ns in known if ns is not None), default=None)


def matrices_of(summaries: Iterable[CellSummary]) -> tuple[Matrix, ...]:
    """A matrix for each variant on each phone that was measured with several threads or core groups."""
    everything = list(summaries)
    named = [name for name in varying_setup(s.cell for s in everything) if name not in _AXES]
    groups: dict[tuple[object, ...], list[CellSummary]] = {}
    for summary in everything:
        words = setup_words(summary.cell)
        rest = tuple(words[name] for name in words if name not in _AXES)
        key = (summary.cell.device.device, summary.cell.variant.variant, rest)
        groups.setdefault(key, []).append(summary)
    return tuple(_matrix(group, named) for group in groups.values() if len(_places(group)) > 1)


def _places(group: Iterable[CellSummary]) -> dict[tuple[str, int], CellSummary]:
    pairs = ((s.cell.backend.cores, s.cell.backend.threads, s) for s in group)
    return {(cores, threads): s for cores, threads, s in pairs if threads is not None}


def _matrix(group: list[CellSummary], named: list[str]) -> Matrix:
    first, places = group[0].cell, _places(group)
    words = setup_words(first)
    return Matrix(
        device=first.device.device,
        label=" · ".join((first.variant.variant, *(words[name] for name in named))),
        cores=tuple(sorted({cores for cores, _ in places}, key=_rank)),
        threads=tuple(sorted({threads for _, threads in places})),
        cells=places,
    )


def _rank(cores: str) -> tuple[int, str]:
    return (_ORDER.index(cores) if cores in _ORDER else len(_ORDER), cores)
