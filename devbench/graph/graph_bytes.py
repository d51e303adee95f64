"""Small changes to a serialised GraphDef without parsing it whole, since a graph may hold 100 MB of weights."""

from __future__ import annotations

from collections.abc import Iterable

from devbench.graph.pb_file import GRAPH_LIBRARY, GRAPH_VERSIONS, PbNode
from devbench.graph.wire import BYTES, fields, varint

_NODE_OP = 2
_BESIDE = b"loc:@"


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


def without_lost_places(data: bytes) -> tuple[bytes, int]:
    """The graph in which no node is to be on the device of one that is not there, and at how many nodes that stood.

    TensorFlow does not load a graph with such a node; transforms that remove or rename nodes leave them behind.
    """
    if _BESIDE not in data:
        return data, 0
    from tensorflow.core.framework.graph_pb2 import GraphDef

    graph = GraphDef.FromString(data)
    known = {_BESIDE + node.name.encode() for node in graph.node}
    changed = 0
    for node in graph.node:
        places = list(node.attr["_class"].list.s) if "_class" in node.attr else []
        kept = [place for place in places if place in known or not place.startswith(_BESIDE)]
        if len(kept) == len(places):
            continue
        changed += 1
        del node.attr["_class"]
        if kept:
            node.attr["_class"].list.s.extend(kept)
    return (graph.SerializeToString(), changed) if changed else (data, 0)
