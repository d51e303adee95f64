"""`customSmallerIsBetter` of github-action-benchmark: a number a line of its charts, in the unit of summary.csv.

Its entries are name, unit, value, and as text range and extra. Only columns of the table where less is better: that
tool takes more than before for a step back. Rows without a number are left out, since it knows none.
"""

from __future__ import annotations

import json
from pathlib import Path

from devbench.domain.codec import Json
from devbench.domain.summary import CellSummary, Estimate
from devbench.metrics import all_metrics
from devbench.reports.base import Format, Report
from devbench.reports.cell_names import named_cells
from devbench.units import three_digits


def write_github_action_benchmark(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "github-action-benchmark.json"
    entries = github_action_benchmark(report)
    path.write_text(
        json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    return (path,)


def github_action_benchmark(report: Report) -> list[dict[str, Json]]:
    """Names are `<device>/<row>/<metric>`, with the phase behind a point."""
    wanted = {(m.name, m.phase) for m in all_metrics() if m.better == "lower" and m.column is not None}
    return [
        _entry(report, name, summary, estimate)
        for name, summary in named_cells(report)
        if summary.status == "ok" and not summary.cell.variant.control
        for estimate in summary.estimates
        if (estimate.metric, estimate.phase) in wanted and estimate.value is not None
    ]


def _entry(report: Report, name: str, summary: CellSummary, estimate: Estimate) -> dict[str, Json]:
    metric = ".".join(filter(None, (estimate.metric, estimate.phase)))
    entry: dict[str, Json] = {
        "name": f"{summary.cell.device.device}/{name}/{metric}",
        "unit": estimate.unit,
        "value": estimate.value,
        "extra": _extra(report, summary, estimate),
    }
    if estimate.low is not None and estimate.high is not None:
        entry["range"] = f"± {three_digits((estimate.high - estimate.low) / 2)}"
    return entry


def _extra(report: Report, summary: CellSummary, estimate: Estimate) -> str:
    lines = [
        f"run: {report.run.header.run_id}",
        f"phone: {summary.cell.device.model}",
        f"verdict: {summary.verdict}",
        f"processes: {estimate.rounds}",
        f"samples: {estimate.n}",
    ]
    if summary.taints:
        lines.append(f"taints: {' '.join(taint.id for taint in summary.taints)}")
    return report.scrub("\n".join(lines))


FORMATS = (
    Format(
        name="github-action-benchmark",
        sentence="github-action-benchmark.json for its tool customSmallerIsBetter",
        write=write_github_action_benchmark,
    ),
)
