"""Where one inference spends its time and memory, by node and by type of node: what pass `ops` says of a cell."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from devbench.domain.measurement import Measurement, OpTime
from devbench.domain.summary import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeProfile:
    """All nodes of one type in one inference: how many, their summed mean time, its share, and memory allocated.

    `calls` is how often they ran in one inference (more than `nodes` in loops).
    """

    type: str
    nodes: int
    mean_ns: float
    pct: float
    memory_bytes: float | None
    calls: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTrace:
    """One run of pass `ops`: `inferences` were traced, at `with_stats_ns` each; without, one takes `no_stats_ns`.

    Both are means of a process's steady inferences (of all rounds for the latter, None without pass `latency`), so
    the difference is what the tracing costs. `ops` are in the order in which they started, where the engine tells.
    """

    inferences: int
    no_stats_ns: float | None
    with_stats_ns: float
    total_ns: float
    memory_bytes: float | None
    ops: tuple[OpTime, ...]
    types: tuple[TypeProfile, ...]

    @property
    def nodes(self) -> int:
        """Nodes that an inference executed."""
        return len(self.ops)

    def costliest(self, count: int) -> tuple[OpTime, ...]:
        return tuple(sorted(self.ops, key=lambda op: -op.mean_ns)[:count])

    def largest(self, count: int) -> tuple[OpTime, ...]:
        """Nodes by the memory that they allocate; none where the engine does not tell."""
        told = [op for op in self.ops if op.memory_bytes is not None]
        return tuple(sorted(told, key=lambda op: -(op.memory_bytes or 0.0))[:count])


def node_trace(cell: Cell) -> NodeTrace | None:
    """The trace of the cell's last `ok` run of pass `ops`; None without one."""
    runs = [run for run in cell.of_pass("ops") if run.ops and run.samples_ns("steady")]
    if not runs:
        return None
    traced, ops = runs[-1].samples_ns("steady"), _started(runs[-1])
    plain = [ns for run in cell.of_pass("latency") for ns in run.samples_ns("steady")]
    total = sum(op.mean_ns for op in ops)
    return NodeTrace(
        inferences=len(traced),
        no_stats_ns=statistics.fmean(plain) if plain else None,
        with_stats_ns=statistics.fmean(traced),
        total_ns=total,
        memory_bytes=_memory(ops),
        ops=ops,
        types=_types(ops, total, len(traced)),
    )


def _started(run: Measurement) -> tuple[OpTime, ...]:
    ops = [op for op in run.ops if op.calls > 0]
    if all(op.start_ns is not None for op in ops):
        ops.sort(key=lambda op: op.start_ns or 0.0)
    return tuple(ops)


def _types(ops: tuple[OpTime, ...], total: float, inferences: int) -> tuple[TypeProfile, ...]:
    found = []
    for kind in dict.fromkeys(op.type for op in ops):
        mine = [op for op in ops if op.type == kind]
        spent = sum(op.mean_ns for op in mine)
        found.append(
            TypeProfile(
                type=kind,
                nodes=len(mine),
                mean_ns=spent,
                pct=100.0 * spent / total if total else 0.0,
                memory_bytes=_memory(mine),
                calls=sum(op.calls for op in mine) / inferences,
            )
        )
    return tuple(sorted(found, key=lambda kind: -kind.mean_ns))


def _memory(ops: Iterable[OpTime]) -> float | None:
    told = [op.memory_bytes for op in ops if op.memory_bytes is not None]
    return sum(told) if told else None
