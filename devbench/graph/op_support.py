"""Can a runtime load a model? Asked of the list of ops that its own library gave, before anything is pushed.

A listed op may still have no kernel in a mobile build: that only the runtime itself can say.
"""

from __future__ import annotations

from pathlib import Path

from devbench.graph.op_lists import RuntimeOps, runtime_names, runtime_ops
from devbench.graph.op_versions import lite_ops, unsupported_operators
from devbench.graph.pb_file import PbGraph, PbNode, read_pb
from devbench.graph.pb_names import dtype_name
from devbench.graph.tflite_file import read_op_versions


def unsupported_ops(model: Path, model_format: str, runtime: str) -> tuple[str, ...] | None:
    """What keeps `runtime` (`tflite-2.4.0`, …) from loading a model; None where its ops are not known.

    ModelError if the file cannot be read.
    """
    if model_format == "pb":
        return unsupported_nodes(read_pb(model), runtime_ops(runtime)) if runtime in runtime_names() else None
    known = lite_ops(runtime)
    return None if known is None else unsupported_operators(read_op_versions(model), known)


def known_ops(runtime: str) -> int | None:
    """How many operators a runtime has; None where nobody asked it."""
    if runtime in runtime_names():
        return len(runtime_ops(runtime).ops)
    known = lite_ops(runtime)
    return None if known is None else len(known.versions)


def unsupported_nodes(graph: PbGraph, runtime: RuntimeOps) -> tuple[str, ...]:
    """A phrase for each node that keeps the runtime from importing the graph, and one for the graph's version."""
    found = [f"{node.name} ({node.op}: {why})" for node in graph.nodes if (why := _why_not(node, runtime))]
    if (graph.min_consumer or 0) > runtime.graph_version:
        found.append(
            f"the graph itself (for version {graph.min_consumer} and later, it reads {runtime.graph_version})"
        )
    return tuple(found)


def _why_not(node: PbNode, runtime: RuntimeOps) -> str | None:
    known = runtime.ops.get(node.op)
    if known is None:
        return "it has no such op"
    for name, number in sorted(node.attributes.items()):
        if name.startswith("_"):
            continue  # hints, which every runtime lets pass
        if name not in known.attributes:
            return f"it has no attribute {name}"
        allowed = known.attributes[name].allowed
        if allowed and number is not None and number not in allowed:
            return f"not for {name}={dtype_name(number)}"
    missing = [name for name, attribute in known.attributes.items() if attribute.required]
    missing = [name for name in missing if name not in node.attributes]
    return f"its attribute {missing[0]} is missing" if missing else None
