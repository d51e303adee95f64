"""The parity gate of `devbench run`: how far a phone's answers may be from the network's own on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devbench.console import print_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devbench.domain.summary import CellSummary
    from devbench.reports.base import Report


def limits_of(max_abs: float | None, mean_squared: float | None) -> dict[str, float]:
    """The limits that were given, by metric."""
    asked = {"parity_max_abs": max_abs, "parity_mean_squared": mean_squared}
    return {metric: limit for metric, limit in asked.items() if limit is not None}


def parity_failures(report: Report, limits: Mapping[str, float]) -> list[str]:
    """A sentence for each row that is too far off, or was to be compared and was not; `limits` are by metric.

    Rows that are wrong on purpose are there to fail, and do not count.
    """
    rows = [s for s in report.summaries if s.cell.variant.held_out is not None and s.cell.variant.mistake is None]
    if limits and not rows:
        return ["no model of this run has a held-out set, so no parity was measured: run --suite talk, or no limit"]
    found = [_failure(row, metric, limit) for metric, limit in limits.items() for row in rows]
    return [report.scrub(text) for text in found if text is not None]


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
