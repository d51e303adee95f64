"""A run's cells with their estimates, comparison and verdict."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.measurement import Failure, Measurement
from devbench.domain.run import Run
from devbench.domain.summary import Cell, CellSummary, Comparison
from devbench.domain.taint import Taint
from devbench.metrics import Metric, all_metrics
from devbench.summary.cells import cells_of
from devbench.summary.comparison import chosen_baseline, compare_cells
from devbench.summary.conditions import drift_of, taints_of
from devbench.summary.series import allowed_taints
from devbench.summary.verdict import verdict_of_number

NOT_MEASURED = "not-measured"


def summarise(run: Run, *, baseline: str | None = None) -> tuple[CellSummary, ...]:
    """One summary a cell, the control left out; UsageError when `baseline` is no variant of the run."""
    cells = cells_of(run)
    return _summaries(
        run, cells, [c for c in cells if not c.variant.control], chosen_baseline(run.header, baseline)
    )


def control_summaries(run: Run) -> tuple[CellSummary, ...]:
    """The summaries of the control variant, one a phone and setup; empty when the run had none."""
    cells = cells_of(run)
    return _summaries(run, cells, [c for c in cells if c.variant.control], None)


def _summaries(
    run: Run, cells: Sequence[Cell], wanted: Sequence[Cell], baseline: str | None
) -> tuple[CellSummary, ...]:
    metrics = all_metrics()
    phones = {cell.device.device for cell in cells}
    drifts = {name: drift_of(c for c in cells if c.device.device == name) for name in phones}
    comparisons = compare_cells(wanted, baseline)
    return tuple(
        _summary(
            cell,
            comparison,
            taints_of(cell, drifts.get(cell.device.device), allowed_taints(run, cell.device.device)),
            metrics,
            run.header.profile.name,
        )
        for cell, comparison in zip(wanted, comparisons, strict=True)
    )


def _summary(
    cell: Cell,
    comparison: Comparison | None,
    taints: tuple[Taint, ...],
    metrics: Sequence[Metric],
    profile: str,
) -> CellSummary:
    status, failure = status_of(cell)
    estimates = tuple(metric.estimate(cell) for metric in metrics)
    steady = next((e for e in estimates if (e.metric, e.phase) == ("latency", "steady")), None)
    if status != "ok":
        verdict = failure.kind if failure else NOT_MEASURED
    else:
        verdict = verdict_of_number(profile, taints, steady)
    return CellSummary(
        cell=cell,
        status=status,
        verdict=verdict,
        estimates=estimates,
        comparison=comparison,
        taints=taints,
        failure=failure,
    )


def status_of(cell: Cell) -> tuple[str, Failure | None]:
    """`ok`, `failed` or `skipped` with its reason; the latency runs decide where there are any."""
    attempts = [m for m in cell.measurements if m.pass_name == "latency"] or list(cell.measurements)
    if any(m.status == "ok" for m in attempts):
        return "ok", None
    failed = [m for m in attempts if m.status in ("failed", "discarded")]
    if failed:
        return "failed", _reason(failed)
    return "skipped", _reason(attempts)


def _reason(attempts: Sequence[Measurement]) -> Failure | None:
    return next((m.failure for m in reversed(attempts) if m.failure is not None), None)
