"""What each transform did to a graph, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from devbench.graph.pb_file import PbGraph

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OpChange:
    """Nodes of one op and the bytes of their messages, constants included, before and after."""

    op: str
    nodes_before: int
    nodes_after: int
    bytes_before: int
    bytes_after: int

    @property
    def changed(self) -> bool:
        return (self.nodes_before, self.bytes_before) != (self.nodes_after, self.bytes_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformStep:
    """One transform as it was called.

    `parity_max_abs` is how far outputs are from those of the graph that went in first (None: `parity_reason` says
    why); `ignored_error` is set where ignore_errors let the graph through unchanged.
    """

    transform: str
    time_ns: int
    nodes_before: int
    nodes_after: int
    bytes_before: int
    bytes_after: int
    ops: tuple[OpChange, ...]
    parity_max_abs: float | None
    parity_reason: str | None
    reference_max_abs: float | None
    ignored_error: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformReport:
    """All transforms of one string; `tool` is TensorFlow with its version."""

    schema: int
    in_graph: str
    out_graph: str
    in_sha256: str
    out_sha256: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tool: str
    steps: tuple[TransformStep, ...]


def op_changes(before: PbGraph, after: PbGraph) -> tuple[OpChange, ...]:
    """Every op of either graph, the largest first."""
    counts = [Counter(node.op for node in graph.nodes) for graph in (before, after)]
    sizes: list[Counter[str]] = [Counter(), Counter()]
    for graph, size in zip((before, after), sizes, strict=True):
        for node in graph.nodes:
            size[node.op] += node.size_bytes
    changes = [
        OpChange(
            op=op,
            nodes_before=counts[0][op],
            nodes_after=counts[1][op],
            bytes_before=sizes[0][op],
            bytes_after=sizes[1][op],
        )
        for op in {**counts[0], **counts[1]}
    ]
    return tuple(sorted(changes, key=lambda c: (-max(c.bytes_before, c.bytes_after), c.op)))
