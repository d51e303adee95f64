"""How long loading, the first and a steady inference take, from the raw samples of pass `latency`."""

from __future__ import annotations

from typing import get_args

from devbench.domain.measurement import Measurement, Phase
from devbench.domain.summary import Cell
from devbench.metrics.base import Metric, Reading, metric_of_runs
from devbench.stats import run_median


def _latency(phase: Phase, label: str, column: int) -> Metric:
    def read(cell: Cell, measurement: Measurement) -> Reading:
        samples = measurement.samples_ns(phase)
        if not samples:
            return Reading(value=None, n=0, reason=f"the runner gave no sample of phase {phase}")
        return Reading(value=run_median(samples), n=len(samples))

    return metric_of_runs(
        read,
        name="latency",
        phase=phase,
        unit="ns",
        label=label,
        better="lower",
        pass_name="latency",
        column=column,
    )


_LABELS: dict[Phase, tuple[str, int]] = {
    "load": ("Load", 40),
    "first": ("First", 50),
    "steady": ("Steady", 10),
}
METRICS = tuple(_latency(phase, *_LABELS[phase]) for phase in get_args(Phase) if phase in _LABELS)
