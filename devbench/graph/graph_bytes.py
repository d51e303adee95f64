"""Small changes to a serialised GraphDef without parsing it whole, since a graph may hold 100 MB of weights."""

from __future__ import annotations

from collections.abc import Iterable

from devbench.graph.pb_file import GRAPH_LIBRARY, GRAPH_VERSIONS, PbNode
from devbench.graph.wire import BYTES, fields, varint

_NODE_OP = 2


def versions_of(data: bytes) -> list[bytes]:
    """The content of each versions field: none or one in what TensorFlow writes."""
    return [data[s:e] for n, k, s, e in fields(data, 0, len(data)) if n == GRAPH_VERSIONS and k == BYTES]


def with_versions(data: bytes, versions: Iterable[bytes]) -> bytes:
    """The graph with these versions instead of its own, and without an empty library of functions.

    Most of TensorFlow's transforms forget the versions, and all write an empty library where there was none.
    """
    parts, kept_from = [], 0
    for number, kind, start, end in fields(data, 0, len(data)):
        if kind == BYTES and (number == GRAPH_VERSIONS or (number == GRAPH_LIBRARY and start == end)):
            parts.append(data[kept_from : start - 1 - len(varint(end - start))])
            kept_from = end
    parts.append(data[kept_from:])
    parts += [bytes([GRAPH_VERSIONS << 3 | BYTES]) + varint(len(content)) + content for content in versions]
    return b"".join(parts)


def with_ops(data: bytes, nodes: Iterable[PbNode], op: bytes) -> bytes:
    """The graph in which `nodes` have the op `op`, which is as long as the one they have."""
    changed = bytearray(data)
    for node in nodes:
        for number, kind, start, end in fields(data, node.start, node.start + node.size_bytes):
            if number == _NODE_OP and kind == BYTES:
                if end - start != len(op):
                    raise ValueError(f"{op!r} is not as long as {data[start:end]!r}")
                changed[start:end] = op
    return bytes(changed)
