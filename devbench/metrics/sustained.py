"""Whether a phone holds its speed: the last minute of a long run against its first."""

from __future__ import annotations

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.metrics.base import Reading, metric_of_runs
from devbench.stats.sustained import LEAST_NS, Curve, sustained_curve


def curve_of(measurement: Measurement, *, blocks: int = 120) -> Curve | None:
    """The curve of a run's steady phase; None below two minutes."""
    usage = next((u for u in measurement.usage if u.phase == "steady"), None)
    return sustained_curve(
        measurement.samples_ns("steady"), wall_ns=usage.wall_ns if usage else None, blocks=blocks
    )


def _ratio(cell: Cell, measurement: Measurement) -> Reading:
    curve = curve_of(measurement, blocks=1)
    if curve is None:
        lasted_s = sum(measurement.samples_ns("steady")) / 1e9
        reason = f"steady lasted {lasted_s:.0f} s, {LEAST_NS / 1e9:.0f} s are needed (--profile sustained)"
        return Reading(value=None, n=0, reason=reason)
    return Reading(value=curve.ratio, n=len(measurement.samples_ns("steady")))


METRICS = (
    metric_of_runs(
        _ratio,
        name="sustained_ratio",
        unit="ratio",
        label="Last ÷ first minute",
        better="lower",
        pass_name="latency",
        column=22,
        optional=True,
    ),
)
