"""How many nodes of the graph one inference executes, as the engine says or as the profile counted them."""

from __future__ import annotations

from devbench.domain.summary import Cell, Estimate
from devbench.metrics.base import Metric


def _nodes(cell: Cell) -> Estimate:
    told = [
        m.actual.nodes
        for m in cell.measurements
        if m.status == "ok" and m.actual is not None and m.actual.nodes is not None
    ]
    profiled = [sum(1 for op in m.ops if op.calls > 0) for m in cell.of_pass("ops") if m.ops]
    counts = told or profiled
    if not counts:
        reason = "the engine does not say how many nodes it executes"
        return Estimate(metric="nodes_executed", phase="", unit="count", value=None, reason=reason)
    if len(set(counts)) > 1:
        reason = f"the runs disagree: {', '.join(str(c) for c in sorted(set(counts)))}"
        return Estimate(metric="nodes_executed", phase="", unit="count", value=None, reason=reason)
    return Estimate(metric="nodes_executed", phase="", unit="count", value=float(counts[0]), n=len(counts))


METRICS = (
    Metric(
        name="nodes_executed",
        unit="count",
        label="Nodes",
        estimate=_nodes,
        passes=("latency", "resources", "ops"),
        column=90,
    ),
)
