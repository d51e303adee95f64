"""The parity gate of `devbench run`: how far a phone's answers may be from those they are held against.

Of a held-out set these are the network's own on the host, of half precision those in float32 on the phone itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devbench.console import print_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devbench.domain.summary import Cell, CellSummary
    from devbench.reports.base import Report


_NOTHING = (
    "no model of this run has a held-out set and nothing ran in half precision, so no parity was measured: "
    "run --suite talk, or no limit"
)


def limits_of(max_abs: float | None, mean_squared: float | None) -> dict[str, float]:
    """The limits that were given, by metric."""
    asked = {"parity_max_abs": max_abs, "parity_mean_squared": mean_squared}
    return {metric: limit for metric, limit in asked.items() if limit is not None}


def parity_failures(report: Report, limits: Mapping[str, float]) -> list[str]:
    """A sentence for each row that is too far off, or was to be compared and was not; `limits` are by metric.

    Rows that are wrong on purpose are there to fail, and do not count.
    """
    rows = [s for s in report.summaries if s.cell.variant.mistake is None]
    compared = [(row, prefix) for row in rows for prefix in _held_against(row.cell)]
    if limits and not compared:
        return [_NOTHING]
    found = [_failure(row, prefix + metric, limit) for metric, limit in limits.items() for row, prefix in compared]
    return [report.scrub(text) for text in found if text is not None]


def _held_against(cell: Cell) -> list[str]:
    """What stands before the names of the metrics that this row should have."""
    ran = (m.pass_name == "parity" and m.status != "skipped" for m in cell.measurements)
    planned = {"": cell.variant.held_out is not None, "fp32_": any(ran)}
    return [prefix for prefix, is_so in planned.items() if is_so]


def _failure(row: CellSummary, metric: str, limit: float) -> str | None:
    where = f"{row.cell.device.device}: {row.cell.variant.variant} by {row.cell.backend.engine}"
    estimate = row.estimate(metric)
    if estimate is None or estimate.value is None:
        return f"{where}: {metric} was not measured: {estimate.reason if estimate else 'unknown metric'}"
    if estimate.value <= limit:
        return None
    return f"{where}: {metric} is {estimate.value:.3g}, over the limit of {limit:g} (n = {estimate.n})"


def parity_code(report: Report, limits: Mapping[str, float]) -> int:
    """4 where a limit is broken, after saying which phone, variant and how far; else 0."""
    failures = parity_failures(report, limits)
    for text in failures:
        print_line(f"parity: {text}", to_stderr=True)
    return 4 if failures else 0
