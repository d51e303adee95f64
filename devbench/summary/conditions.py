"""What taints a cell: conditions recorded with its runs, and signs that its own samples show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.domain.taint import Taint
from devbench.stats import Drift, drift_over_rounds, run_median, run_quality
from devbench.stats.quality import CV_LIMIT, DRIFT_LIMIT, OUTLIER_SHARE, TREND_LIMIT


def steady_by_round(cell: Cell) -> dict[int, float]:
    """Run value (median of the steady samples, ns) of each round with an `ok` latency run."""
    return {
        m.round: run_median(m.samples_ns("steady")) for m in cell.of_pass("latency") if m.samples_ns("steady")
    }


def drift_of(control: Cell) -> Drift | None:
    """How the control's latency changed over the session; None when there are too few rounds."""
    values = steady_by_round(control)
    return drift_over_rounds(list(values), list(values.values()))


def taints_of(cell: Cell, drift: Drift | None) -> tuple[Taint, ...]:
    """Everything that taints a cell, one taint an id, in the order in which it was met."""
    measured = [m for m in cell.measurements if m.status == "ok"]
    found = [
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
    """A sign taints the cell when at least half of its runs show it: one odd run is what medians are for."""
    qualities = [run_quality(m.samples_ns("steady")) for m in runs]

    def taint(id: str, sentence: str, shown: list[bool], worst: str, fix: str) -> Iterable[Taint]:
        if shown and 2 * sum(shown) >= len(shown):
            yield Taint(
                id=id, sentence=sentence, detail=f"{sum(shown)} of {len(shown)} runs; {worst}", fix=fix
            )

    yield from taint(
        "MANY-OUTLIERS",
        "Many inferences are far from the rest of their run.",
        [q.many_outliers for q in qualities],
        f"up to {_most(q.outliers / q.n for q in qualities):.0%} beyond 3 IQR, "
        f"{OUTLIER_SHARE:.0%} is the limit",
        "stop other work on the phone",
    )
    yield from taint(
        "WIDE-SPREAD",
        "Inferences of one run differ a lot.",
        [q.spread for q in qualities],
        f"coefficient of variation up to {_most(q.cv for q in qualities):.0%}, {CV_LIMIT:.0%} is the limit",
        "pin to one kind of core (--cores), stop other work on the phone",
    )
    yield from taint(
        "TREND",
        "Latency changes steadily while a run lasts.",
        [q.trending for q in qualities],
        f"up to {_most(abs(q.trend) for q in qualities if q.trend is not None):.1%} over a run, "
        f"{TREND_LIMIT:.0%} is the limit",
        "let the phone cool down longer, or measure with profile sustained",
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
        detail=f"control {drift.total:+.1%} ({drift.low:+.1%} to {drift.high:+.1%}) over the rounds, "
        f"{DRIFT_LIMIT:.0%} is the limit",
        fix="cool the phone down and keep it on a charger, or lock its clocks",
    )


def _most(values: Iterable[float | None]) -> float:
    return max((v for v in values if v is not None), default=0.0)
