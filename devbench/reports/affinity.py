"""The affinity matrix in words, for console, Markdown and JSON: rows core groups, columns threads."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.domain.codec import Json
from devbench.reports.base import Report
from devbench.reports.table import failure_words
from devbench.summary.affinity import Matrix, matrices_of
from devbench.summary.cells import thread_words
from devbench.units import DisplayUnit, display_unit, three_digits

MARKS = {"trusted": "", "tainted": " !", "inconclusive": " ?", "quick look": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class AffinityTable:
    """`heads` begins with the corner; a field is `12.3 (1.25×)`, a lone best `9.87 (best)`, a failure its words."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    best: frozenset[tuple[int, int]]


def affinity_tables(report: Report) -> tuple[AffinityTable, ...]:
    """One table a phone and variant; nothing when the run varied neither threads nor cores."""
    return tuple(_table(report, matrix) for matrix in matrices_of(report.summaries))


def affinity_json(report: Report) -> list[Json]:
    """Every matrix with its latencies in ns and ratios to its best."""
    return [
        {
            "device": matrix.device,
            "variant": matrix.label,
            "cores": cores,
            "threads": threads,
            "steady_ns": matrix.steady_ns(cores, threads),
            "ratio_to_best": ratio_to_best(matrix, cores, threads),
            "status": summary.status,
            "verdict": summary.verdict,
        }
        for matrix in matrices_of(report.summaries)
        for (cores, threads), summary in matrix.cells.items()
    ]


def ratio_to_best(matrix: Matrix, cores: str, threads: int) -> float | None:
    ns, best = matrix.steady_ns(cores, threads), matrix.best_ns
    return None if ns is None or best is None else ns / best


def is_best(matrix: Matrix, cores: str, threads: int) -> bool:
    """Whether it is the best as far as the shown digits tell: several may be."""
    ratio = ratio_to_best(matrix, cores, threads)
    return ratio is not None and round(ratio, 2) == 1


def unit_of(matrix: Matrix) -> DisplayUnit:
    known = [ns for pair in matrix.cells if (ns := matrix.steady_ns(*pair)) is not None]
    return display_unit("ns", known)


def field_words(matrix: Matrix, cores: str, threads: int) -> tuple[str, str]:
    """The number (or what stands in its place) and the ratio, each for a line of its own."""
    summary = matrix.cells.get((cores, threads))
    if summary is None:
        return "not asked", ""
    ns, ratio = matrix.steady_ns(cores, threads), ratio_to_best(matrix, cores, threads)
    if ns is None or ratio is None:
        return (failure_words(summary) if summary.status != "ok" else "unknown"), ""
    alone = sum(is_best(matrix, *pair) for pair in matrix.cells) == 1
    mark = MARKS.get(summary.verdict, "")
    words = "best" if alone and is_best(matrix, cores, threads) else f"{ratio:.2f}×"
    return three_digits(ns / unit_of(matrix).divisor) + mark, words


def _table(report: Report, matrix: Matrix) -> AffinityTable:
    models = {d.device: d.model for d in report.run.header.devices}
    rows, best = [], set()
    for i, cores in enumerate(matrix.cores):
        fields = [cores]
        for j, threads in enumerate(matrix.threads, start=1):
            value, ratio = field_words(matrix, cores, threads)
            fields.append(f"{value} ({ratio})" if ratio else value)
            if is_best(matrix, cores, threads):
                best.add((i, j))
        rows.append(tuple(fields))
    return AffinityTable(
        title=f"{matrix.label} on {models[matrix.device]}: {unit_of(matrix).symbol} by cores and threads",
        heads=("cores", *(thread_words(threads) for threads in matrix.threads)),
        rows=tuple(rows),
        best=frozenset(best),
    )
