"""Where TensorFlow's transforms are known to hang or to spoil a graph, and what is done about it."""

from __future__ import annotations

from collections import Counter

from devbench.graph.pb_faults import input_name, listed
from devbench.graph.pb_file import PbGraph

_OLD_NORMS = ("BatchNormWithGlobalNormalization", "FusedBatchNorm")


def endless_reason(transform: str, graph: PbGraph) -> str | None:
    """Why `transform` will not end on this graph, as far as that is known."""
    if transform != "fold_old_batch_norms":
        return None
    shared = shared_statistics(graph)
    if not shared:
        return None
    return (
        f"fold_old_batch_norms never ends when a constant of one old batch norm is read by another node too:"
        f" here {listed(shared)}"
    )


def shared_statistics(graph: PbGraph) -> list[str]:
    """Constants of old batch norms (mean, variance, beta, gamma) after Conv2D that several nodes read.

    TensorFlow's transform must keep such a constant, takes its own change back for that, counts it as a change
    all the same, and starts over.
    """
    by_name = {node.name: node for node in graph.nodes}
    readers = Counter(name for node in graph.nodes for name in {input_name(i) for i in node.inputs})
    found: dict[str, None] = {}
    for node in graph.nodes:
        data_inputs = [input_name(i) for i in node.inputs if not i.startswith("^")]
        if node.op not in _OLD_NORMS or len(data_inputs) != 5 or any(i not in by_name for i in data_inputs):
            continue
        if by_name[data_inputs[0]].op in ("Conv2D", "BatchToSpaceND", "ConcatV2", "Concat"):
            shared = (i for i in data_inputs[1:] if by_name[i].op == "Const" and readers[i] > 1)
            found.update(dict.fromkeys(shared))
    return list(found)
