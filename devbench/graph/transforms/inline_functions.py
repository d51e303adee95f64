"""Puts the nodes of functions in place of their calls, through all levels: older runtimes know no calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devbench.errors import ModelError
from devbench.graph.function_body import Body, body_of
from devbench.graph.pb_faults import input_name, listed
from devbench.graph.transform_spec import TransformSpec

if TYPE_CHECKING:
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    from devbench.graph.transforms import TransformContext

SPEC = TransformSpec(
    name="inline_functions",
    does="Puts the nodes of functions in place of PartitionedCall, StatefulPartitionedCall and calls by a function"
    "'s own name, through all levels. Loops and branches (While, If, Case) keep theirs.",
)
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_MOST_NODES = 1_000_000


def apply(graph: GraphDef, context: TransformContext) -> GraphDef:
    """The flat graph; ModelError for functions that are missing, call themselves, or make too many nodes."""
    library = {function.signature.name: function for function in graph.library.function}
    keep = {input_name(name) for name in (*context.inputs, *context.outputs)}
    result = type(graph)()
    result.CopyFrom(graph)
    done: list[str] = []
    # the functions that a node stands in, which is how a function that calls itself is noticed
    inside: dict[str, tuple[str, ...]] = {}
    while calls := [node for node in result.node if _function(node, library) is not None]:
        _inline(result, calls, library, keep, inside)
        done += [call.name for call in calls]
    _drop_unused(result, library)
    context.notes.append(f"inlined {len(done)} calls" + (f": {listed(done)}" if done else ""))
    return result


def _function(node: NodeDef, library: dict[str, FunctionDef]) -> str | None:
    """The function that `node` calls, None when it calls none; ModelError when that is not in the graph."""
    if node.op in library:
        return str(node.op)
    if node.op not in _CALLS:
        return None
    name = str(node.attr["f"].func.name) if "f" in node.attr else ""
    if name not in library:
        raise ModelError(f"{node.name} calls the function {name!r}, which the graph does not hold")
    return name


def _inline(
    graph: GraphDef,
    calls: list[NodeDef],
    library: dict[str, FunctionDef],
    keep: set[str],
    inside: dict[str, tuple[str, ...]],
) -> None:
    """One level of all calls."""
    bodies: dict[str, Body] = {}
    taken = {node.name for node in graph.node}
    for call in calls:
        name = _function(call, library) or ""
        stack = inside.get(call.name, ())
        if name in stack:
            raise ModelError(f"the function {name} calls itself ({' → '.join([*stack, name])})")
        prefix = _free_prefix(call, library[name], taken)
        body = body_of(library[name], call, prefix=prefix, library=library)
        taken.update(node.name for node in body.nodes)
        inside.update({node.name: (*stack, name) for node in body.nodes})
        bodies[call.name] = body
    if len(graph.node) + sum(len(body.nodes) for body in bodies.values()) > _MOST_NODES:
        raise ModelError(f"its functions, put in place of their calls, make more than {_MOST_NODES} nodes")
    # flat lists: a call may read the result of another one
    nodes = [node for node in graph.node if node.name not in bodies]
    for call in calls:
        nodes += bodies[call.name].nodes
        if call.name in keep:
            nodes.append(_named_like(call, bodies[call.name], library[_function(call, library) or ""]))
    for node in nodes:
        inputs = [found for reference in node.input for found in _rewired(reference, bodies)]
        if inputs != list(node.input):
            data = [i for i in inputs if not i.startswith("^")]
            waits = dict.fromkeys(i for i in inputs if i.startswith("^"))
            del node.input[:]
            node.input.extend([*data, *waits])
    copies = [type(node).FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)


def _free_prefix(call: NodeDef, function: FunctionDef, taken: set[str]) -> str:
    """The call's name, with a number where a node of the function would get a name that is there already."""
    prefix, number = f"{call.name}/", 0
    while any(f"{prefix}{node.name}" in taken for node in function.node_def):
        number += 1
        prefix = f"{call.name}_{number}/"
    return prefix


def _rewired(reference: str, bodies: dict[str, Body]) -> list[str]:
    """Where a reference to a call leads, through calls that give back another call's result."""
    waiting, found, steps = [reference], [], 0
    while waiting:
        current = waiting.pop(0)
        body = bodies.get(input_name(current))
        steps += 1
        if body is None or steps > _MOST_NODES:
            found.append(current)
        elif current.startswith("^"):
            waiting = [*body.after, *waiting]
        else:
            port = int(current.partition(":")[2] or 0)
            if port >= len(body.results):
                raise ModelError(f"{current} is read, but the function has {len(body.results)} outputs")
            waiting.insert(0, body.results[port])
    return found


def _named_like(call: NodeDef, body: Body, function: FunctionDef) -> NodeDef:
    """An input or output of the graph keeps its name and ports."""
    node = type(call)(name=call.name, op="Identity" if len(body.results) == 1 else "IdentityN")
    node.input.extend(body.results)
    types = []
    for output in function.signature.output_arg:
        types.append(output.type or call.attr[output.type_attr].type)
    if len(types) == 1:
        node.attr["T"].type = types[0]
    else:
        node.attr["T"].list.type.extend(types)
    return node


def _drop_unused(graph: GraphDef, library: dict[str, FunctionDef]) -> None:
    """Functions that a loop or a branch still names stay, with those that they name."""
    wanted: dict[str, None] = {}
    waiting = [name for node in graph.node for name in _named_functions(node)]
    while waiting:
        name = waiting.pop()
        if name in wanted or name not in library:
            continue
        wanted[name] = None
        waiting += [other for node in library[name].node_def for other in _named_functions(node)]
    kept = [type(f).FromString(f.SerializeToString()) for name, f in library.items() if name in wanted]
    gradients = [g for g in graph.library.gradient if g.function_name in wanted]
    graph.ClearField("library")
    if kept:
        graph.library.function.extend(kept)
        graph.library.gradient.extend(gradients)


def _named_functions(node: NodeDef) -> list[str]:
    names = [node.op]
    for value in node.attr.values():
        names += [value.func.name] if value.HasField("func") else [f.name for f in value.list.func]
    return names
