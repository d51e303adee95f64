"""Page faults of the process by phase: a minor one maps a page that is there, a major one waits for the storage.

A model that is mapped late pays for its pages in its first inferences, and for evicted ones again.
"""

from __future__ import annotations

from devbench.metrics.base import Metric, metric_of_runs
from devbench.metrics.usage import of_phase


def _metric(kind: str, phase: str) -> Metric:
    return metric_of_runs(
        of_phase(f"{kind}_faults", phase),
        name=f"{kind}_faults",
        phase=phase,
        unit="count",
        label=f"{kind.capitalize()} faults, {phase}",
        better="lower",
        pass_name="resources",
    )


METRICS = tuple(_metric(kind, phase) for kind in ("minor", "major") for phase in ("load", "steady"))
