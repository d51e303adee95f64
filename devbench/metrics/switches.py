"""Context switches over the steady phase: voluntary ones wait for something, involuntary ones lost the core."""

from __future__ import annotations

from devbench.metrics.base import metric_of_runs
from devbench.metrics.usage import of_phase

METRICS = tuple(
    metric_of_runs(
        of_phase(f"{kind}_switches", "steady"),
        name=f"{kind}_switches",
        phase="steady",
        unit="count",
        label=f"{kind.capitalize()} switches",
        better="lower",
        pass_name="resources",
    )
    for kind in ("voluntary", "involuntary")
)
