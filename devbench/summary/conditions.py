"""What taints a cell: conditions recorded with its runs, and signs that its own samples show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.domain.taint import Taint
from devbench.stats import Drift, drift_over_rounds, run_median, run_quality
from devbench.stats.quality import CV_LIMIT, DRIFT_LIMIT, OUTLIER_SHARE, TREND_LIMIT
from devbench.stats.sustained import LEAST_NS
from devbench.units import signed_pct

_COOL_DOWN = "let the phone cool down longer, or measure with profile sustained"


def steady_by_round(cell: Cell) -> dict[int, float]:
    """Run value (median of the steady samples, ns) of each round with an `ok` latency run."""
    return {
        m.round: run_median(m.samples_ns("steady")) for m in cell.of_pass("latency") if m.samples_ns("steady")
    }


def drift_of(cells: Iterable[Cell]) -> Drift | None:
    """How the latencies of one phone changed together over its session; None when there are too few rounds."""
    return drift_over_rounds(steady_by_round(cell) for cell in cells)


def taints_of(cell: Cell, drift: Drift | None, gate: Sequence[Taint] = ()) -> tuple[Taint, ...]:
    """Everything that taints a cell, one taint an id, in the order in which it was met.

    `gate` is what the gate found on its phone and the session went on with: it marks every number of it.
    """
    measured = [m for m in cell.measurements if m.status == "ok"]
    found = [
        *(gate if measured else ()),
        *_recorded(measured),
        *_unstable_warmup(measured),
        *_sample_signs([m for m in cell.of_pass("latency") if m.samples_ns("steady")]),
        *_failed_runs(cell),
    ]
    if drift is not None and drift.matters and measured:
        found.append(_drift_taint(drift))
    merged: dict[str, Taint] = {}
    for taint in found:
        merged.setdefault(taint.id, taint)
    return tuple(merged.values())


def _recorded(measured: Sequence[Measurement]) -> Iterable[Taint]:
    return (taint for measurement in measured for taint in measurement.taints)


def _unstable_warmup(measured: Sequence[Measurement]) -> Iterable[Taint]:
    capped = [m for m in measured if m.warmup_status == "capped"]
    if capped:
        yield Taint(
            id="UNSTABLE-WARMUP",
            sentence="Warm-up ended at its cap, before the latency had settled.",
            detail=f"{len(capped)} of {len(measured)} runs",
            fix="let the phone cool down, close other apps, or allow a longer warm-up",
        )


def _sample_signs(runs: Sequence[Measurement]) -> Iterable[Taint]:
    """A sign taints the cell when its middle run shows it: for one odd run there is the median over runs.

    The middle of the trends keeps its sign, so that noise, which goes both ways, is not taken for heating.
    """
    qualities = [run_quality(m.samples_ns("steady")) for m in runs]
    outliers = [q.outliers / q.n for q in qualities]
    spreads = [q.cv for q in qualities if q.cv is not None]
    long = any(sum(m.samples_ns("steady")) >= LEAST_NS for m in runs)
    trends = [q.trend for q in qualities if q.trend is not None]
    if outliers and median(outliers) > OUTLIER_SHARE:
        yield Taint(
            id="MANY-OUTLIERS",
            sentence="Many inferences are far from the rest of their run.",
            detail=f"{median(outliers):.0%} of a run beyond 3 IQR, {OUTLIER_SHARE:.0%} is the limit",
            fix="stop other work on the phone",
        )
    if spreads and median(spreads) > CV_LIMIT:
        yield Taint(
            id="WIDE-SPREAD",
            sentence="Inferences of one run differ a lot.",
            detail=f"coefficient of variation {median(spreads):.0%}, {CV_LIMIT:.0%} is the limit",
            fix="pin to one kind of core (--cores), stop other work on the phone",
        )
    if trends and abs(median(trends)) > TREND_LIMIT:
        yield Taint(
            id="TREND",
            sentence="Latency changes steadily while a run lasts.",
            detail=f"{signed_pct(median(trends))} over a run, {100 * TREND_LIMIT:.0f} % is the limit",
            fix="its curve over minutes shows how (docs/measuring.md)"
            if long
            else "let the phone cool down longer, or measure with profile sustained",
        )


def _failed_runs(cell: Cell) -> Iterable[Taint]:
    good = {m.round for m in cell.of_pass("latency")}
    failed = [m for m in cell.of_pass("latency", "failed") if m.round not in good]
    if good and failed:
        kinds = sorted({m.failure.kind for m in failed if m.failure})
        rounds = {m.round for m in failed}
        yield Taint(
            id="FAILED-RUNS",
            sentence="Some runs of this cell failed; the number comes from the others.",
            detail=f"{len(rounds)} of {len(good | rounds)} runs: {', '.join(kinds) or 'no reason recorded'}",
            fix="see logs/ of the run, then resume it",
        )


def _drift_taint(drift: Drift) -> Taint:
    return Taint(
        id="DRIFT",
        sentence="The phone itself changed speed during the session; comparisons are paired and stand.",
        detail=f"latencies {signed_pct(drift.total)} ({signed_pct(drift.low)} to {signed_pct(drift.high)}) "
        f"over the rounds, {100 * DRIFT_LIMIT:.0f} % is the limit",
        fix="cool the phone down and keep it on a charger, or lock its clocks",
    )
