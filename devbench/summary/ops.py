"""Where an inference spends its time, operator by operator, from the profiled process of pass `ops`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class OpShare:
    """One operator of the graph: its time in one inference and its share of all operators' time (1 in all)."""

    index: int
    type: str
    name: str
    delegate: str | None
    ns: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpProfile:
    """`ops` in the order of execution. `sum_ns` adds them up, `wall_ns` is the mean inference of the same process.

    The delegated shares are None where the engine does not tell which operators a delegate ran. `overhead` is how
    much longer an inference of this process took than a steady one of the timed processes, as a ratio - 1.
    """

    ops: tuple[OpShare, ...]
    sum_ns: float
    wall_ns: float | None
    delegates: tuple[str, ...]
    delegated_time: float | None
    delegated_ops: float | None
    overhead: float | None

    @property
    def top(self) -> tuple[OpShare, ...]:
        return tuple(sorted(self.ops, key=lambda op: -op.ns))

    def by_type(self) -> dict[str, float]:
        """Operator type → share of the summed time, the largest first."""
        total: dict[str, float] = defaultdict(float)
        for op in self.ops:
            total[op.type] += op.share
        return {kind: total[kind] for kind in sorted(total, key=lambda k: (-total[k], k))}


def profile_of(cell: Cell, steady_ns: float | None = None) -> OpProfile | None:
    """The last `ok` profile of a cell; None without one. `steady_ns` is the cell's steady latency, if known."""
    runs = [run for run in cell.of_pass("ops") if run.ops]
    if not runs:
        return None
    run = runs[-1]
    inferences = len(run.samples_ns("steady"))
    # an operator may run several times an inference, in a loop, or not in every one
    times = [op.mean_ns * (op.calls / inferences if inferences else 1) for op in run.ops]
    whole = sum(times) or 1.0
    ops = tuple(
        OpShare(index=op.index, type=op.type, name=op.name, delegate=op.delegate, ns=ns, share=ns / whole)
        for op, ns in zip(run.ops, times, strict=True)
    )
    told = _tells_delegates(run)
    wall_ns = fmean(run.samples_ns("steady")) if inferences else None
    return OpProfile(
        ops=ops,
        sum_ns=sum(times),
        wall_ns=wall_ns,
        delegates=tuple(dict.fromkeys(op.delegate for op in ops if op.delegate)),
        delegated_time=sum(op.share for op in ops if op.delegate) if told else None,
        delegated_ops=sum(1 for op in ops if op.delegate) / len(ops) if told else None,
        overhead=wall_ns / steady_ns - 1 if wall_ns and steady_ns else None,
    )


def _tells_delegates(run: Measurement) -> bool:
    """A profile that names no delegate is trusted only where none was at work."""
    if any(op.delegate for op in run.ops):
        return True
    return run.actual is not None and (run.actual.delegate == "none" or run.actual.delegated_nodes == 0)
