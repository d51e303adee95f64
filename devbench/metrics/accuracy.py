"""How right a variant is on its held-out set, how far from the network it was made of, and how long the set takes.

From pass `accuracy`: the outputs come from the phone, the judgement is the host's (`Measurement.judged`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from devbench.domain.judged import Judged
from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell, Estimate
from devbench.metrics.base import Better, Metric, Reading, metric_of_runs, why_no_run
from devbench.stats.binomial import proportion

_PASS = "accuracy"


def _judged(cell: Cell) -> Judged | None:
    """Of the last `ok` run: a set and a model give the same answers in every run of a phone."""
    return next((m.judged for m in reversed(cell.of_pass(_PASS)) if m.judged is not None), None)


def _why_none(cell: Cell) -> str:
    if cell.variant.held_out is None:
        return "there is no held-out set for this model"
    return why_no_run(cell, _PASS)


def _accuracy(cell: Cell) -> Estimate:
    """A share of right answers, with what another set of that size could have said (Clopper and Pearson)."""
    none = Estimate(metric="accuracy", phase="", unit="ratio", value=None)
    judged = _judged(cell)
    if judged is None:
        return dataclasses.replace(none, reason=_why_none(cell))
    if judged.right is None:
        return dataclasses.replace(none, reason=f"this model is judged by its {judged.metric}")
    share = proportion(judged.right, judged.count)
    return dataclasses.replace(
        none, value=judged.value, low=share.low, high=share.high, n=judged.count, rounds=1
    )


def _of_judged(name: str, read: Callable[[Judged], tuple[float | None, str]]) -> Callable[[Cell], Estimate]:
    """An estimate of one number of `Judged`; `read` gives it, and the reason where it is None."""

    def estimate(cell: Cell) -> Estimate:
        judged = _judged(cell)
        value, reason = (None, _why_none(cell)) if judged is None else read(judged)
        if judged is None or value is None:
            return Estimate(metric=name, phase="", unit=_UNITS[name], value=None, reason=reason)
        return Estimate(metric=name, phase="", unit=_UNITS[name], value=value, n=judged.count, rounds=1)

    return estimate


def _mae(judged: Judged) -> tuple[float | None, str]:
    is_error = judged.metric == "mean_absolute_error"
    return (judged.value if is_error else None), f"this model is judged by {judged.metric}"


def _top5(judged: Judged) -> tuple[float | None, str]:
    return judged.top5, "there are no more than five classes to choose from"


def _parity(field: str) -> Callable[[Judged], tuple[float | None, str]]:
    def read(judged: Judged) -> tuple[float | None, str]:
        if judged.parity is None:
            return None, judged.no_parity or "there is no reference"
        return getattr(judged.parity, field), "its outputs are no scores to compare"

    return read


def _set_time(cell: Cell, measurement: Measurement) -> Reading:
    usage = next((u for u in measurement.usage if u.phase == "steady"), None)
    samples = measurement.samples_ns("steady")
    if usage is None or not samples:
        return Reading(value=None, n=0, reason="the runner did not say how long the set took")
    return Reading(value=float(usage.wall_ns), n=len(samples))


_UNITS = {
    "top5": "ratio", "mae": "value", "parity_max_abs": "value", "parity_mean_squared": "value",
    "parity_cosine": "ratio", "parity_top1_agreement": "ratio",
}  # fmt: skip


def _metric(
    name: str,
    label: str,
    read: Callable[[Judged], tuple[float | None, str]],
    better: Better,
    column: int | None = None,
) -> Metric:
    return Metric(
        name=name, unit=_UNITS[name], label=label, estimate=_of_judged(name, read), better=better,
        passes=(_PASS,), column=column, optional=True,
    )  # fmt: skip


METRICS = (
    Metric(
        name="accuracy", unit="ratio", label="Accuracy", estimate=_accuracy, better="higher", passes=(_PASS,),
        column=26, optional=True,
    ),
    _metric("top5", "Top-5", _top5, "higher"),
    _metric("mae", "MAE", _mae, "lower", 27),
    dataclasses.replace(
        metric_of_runs(
            _set_time, name="execution_time", unit="ns", label="Held-out set", pass_name=_PASS,
            better="lower", column=28,
        ),
        optional=True,
    ),
    _metric("parity_max_abs", "Parity, max abs", _parity("max_abs"), "lower", 29),
    _metric("parity_mean_squared", "Parity, mean squared", _parity("mean_squared"), "lower"),
    _metric("parity_cosine", "Parity, cosine", _parity("cosine"), "higher"),
    _metric("parity_top1_agreement", "Parity, top-1", _parity("top1_agreement"), "higher"),
)  # fmt: skip
