"""Rewrites a modern graph for an older runtime, by that runtime's own list of ops and attributes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from devbench.errors import ModelError
from devbench.graph.downgrade_rules import ATTRIBUTE_RULES, OP_RULES, applied
from devbench.graph.edit import GraphEdit, attribute
from devbench.graph.op_lists import KnownOp, RuntimeOps, runtime_ops
from devbench.graph.pb_faults import listed
from devbench.graph.pb_names import dtype_name
from devbench.graph.transform_spec import ParameterSpec, TransformSpec

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    from devbench.graph.transforms import TransformContext

SPEC = TransformSpec(
    name="downgrade_ops",
    does="Rewrites ops and attributes that an older runtime does not know (AddV2, FusedBatchNormV3, explicit"
    " paddings, dilations …) and lowers the graph's versions to its; names the node that has no equivalent.",
    parameters=(
        ParameterSpec(
            name="runtime",
            kind="runtime",
            required=True,
            does="the runtime to be loaded by, as tfmobile-1.4.0",
        ),
    ),
)


def apply(graph: GraphDef, context: TransformContext) -> GraphDef:
    """A graph of the runtime's ops; ModelError names all nodes that it cannot run."""
    runtime = runtime_ops(context.call.value("runtime", ""))
    edit = GraphEdit(graph, keep=(*context.inputs, *context.outputs))
    done: Counter[str] = Counter()
    refused: list[str] = []
    for node in list(edit.graph.node):
        refused += _downgrade(edit, node, runtime, done)
    if refused:
        raise ModelError(
            f"{runtime.runtime} cannot run {len(refused)} of {len(graph.node)} nodes: {listed(refused)}",
            fix=_fix(graph, runtime),
        )
    result = edit.finished()
    _lower_versions(result, runtime)
    context.notes.extend(f"{what}: {count}" for what, count in done.items())
    return result


def _downgrade(edit: GraphEdit, node: NodeDef, runtime: RuntimeOps, done: Counter[str]) -> list[str]:
    """What keeps the node from being run, as sentences; the node is rewritten until the runtime knows it."""
    while node.op not in runtime.ops:
        rule, before = OP_RULES.get(node.op), node.op
        if rule is None:
            return [f"{node.name} ({node.op}: it has no such op)"]
        reason = applied(rule, edit, node)
        if reason is not None:
            return [f"{node.name} ({node.op}: {reason})"]
        done[f"{before} → {node.op}"] += 1
    known = runtime.ops[node.op]
    refused = _attributes(edit, node, known, done)
    if known.outputs is not None and not refused:
        refused = _outputs(edit, node, known.outputs)
    return refused[:1]


def _attributes(edit: GraphEdit, node: NodeDef, known: KnownOp, done: Counter[str]) -> list[str]:
    from tensorflow.python.framework import op_def_registry

    refused = []
    definition = op_def_registry.get(node.op)
    defaults = {a.name: a.default_value for a in definition.attr} if definition is not None else {}
    for name in sorted(node.attr):
        if name in known.attributes:
            allowed = known.attributes[name].allowed
            if allowed and attribute(node, name).type and attribute(node, name).type not in allowed:
                refused.append(
                    f"{node.name} ({node.op}: not for {name}={dtype_name(attribute(node, name).type)})"
                )
            continue
        is_default = name.startswith("_") or (name in defaults and node.attr[name] == defaults[name])
        if not is_default:
            rule = ATTRIBUTE_RULES.get(name)
            reason = f"it has no {name}" if rule is None else applied(rule, edit, node)
            if reason is not None:
                refused.append(f"{node.name} ({node.op}: {reason})")
                continue
            done[f"{name} of {node.op} rewritten"] += 1
        if name in node.attr:
            del node.attr[name]
            if is_default:
                done[f"{name} dropped"] += 1
    # a rule for paddings may be called for by a value of an attribute that the runtime has
    if attribute(node, "padding").s == b"EXPLICIT" and not refused:
        refused.append(f"{node.name} ({node.op}: its explicit paddings have no equivalent)")
    return refused


def _outputs(edit: GraphEdit, node: NodeDef, count: int) -> list[str]:
    beyond = [port for port in sorted(edit.ports_read(node.name)) if port >= count]
    return [f"{node.name} ({node.op}: its output {beyond[0]} is read, it has {count})"] if beyond else []


def _lower_versions(graph: GraphDef, runtime: RuntimeOps) -> None:
    """An older runtime refuses what was marked for newer ones only; functions that nobody calls need no check."""
    graph.versions.producer = min(graph.versions.producer, runtime.graph_version)
    graph.versions.min_consumer = min(graph.versions.min_consumer, runtime.graph_version)
    del graph.versions.bad_consumers[:]
    graph.ClearField("library")
    for node in graph.node:
        node.ClearField("experimental_debug_info")
        node.ClearField("experimental_type")


def _fix(graph: GraphDef, runtime: RuntimeOps) -> str:
    functions = {function.signature.name for function in graph.library.function}
    if any(node.op in functions or node.op.endswith("PartitionedCall") for node in graph.node):
        return "inline_functions before downgrade_ops puts the nodes of functions in place of their calls"
    return f"build the network without them, or run it by an engine newer than {runtime.runtime}"
