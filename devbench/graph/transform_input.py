"""Is a graph fit for a transforms string? Told before TensorFlow is loaded, which crashes on some of this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from devbench.errors import ModelError, UsageError
from devbench.graph.pb_faults import find_faults, input_name, listed, missing_inputs, needed_nodes
from devbench.graph.pb_file import PbGraph
from devbench.graph.pb_names import VARIABLE_OPS
from devbench.graph.summary import graph_inputs, graph_outputs
from devbench.graph.transform_check import nearest
from devbench.graph.transform_spec import all_specs
from devbench.graph.transform_string import TransformCall

_FREEZE = "freeze it first (docs/transforms.md): variables become constants"


def guessed_inputs(graph: PbGraph) -> tuple[str, ...]:
    """The placeholders, for a string called without --inputs."""
    return tuple(tensor.name for tensor in graph_inputs(graph))


def guessed_outputs(graph: PbGraph) -> tuple[str, ...]:
    """What nobody reads; UsageError where that is nothing."""
    names = tuple(tensor.name for tensor in graph_outputs(graph))
    if not names:
        raise UsageError("the graph's outputs cannot be told from the graph", fix="name them with --outputs")
    return names


def ends_of(
    graph: PbGraph, inputs: Sequence[str] | None, outputs: Sequence[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Inputs and outputs as given, without empty names, which TensorFlow's tool made of no names; or guessed."""
    given_inputs = guessed_inputs(graph) if inputs is None else inputs
    given_outputs = guessed_outputs(graph) if outputs is None else outputs
    return tuple(filter(None, given_inputs)), tuple(filter(None, given_outputs))


def check_graph(
    graph: PbGraph, calls: Sequence[TransformCall], *, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[str, ...]:
    """UsageError for an input or output that is not there, ModelError for a graph that cannot be worked on.

    Where a missing one does no harm to any of `calls`, that is a sentence for the report.
    """
    made = {value for call in calls for value in call.values("new_node_name")}
    missing = _missing_names("input", inputs, graph.names | made)
    missing += _missing_names("output", outputs, graph.names | made)
    specs = all_specs()
    if missing and not all(specs[call.name].any_ends for call in calls):
        raise missing[0]
    for fault in find_faults(graph):
        if fault.kind in ("duplicate-name", "cycle"):
            raise ModelError(
                f"the graph has {fault.sentence}", fix="no runtime would load it: build it again"
            )
    _check_missing(graph, calls, inputs, outputs)
    _check_variables(graph, calls, inputs, outputs)
    return tuple(f"{error.message}; {error.fix}" for error in missing)


def _missing_names(what: str, names: Iterable[str], known: frozenset[str]) -> list[UsageError]:
    found = []
    for node in map(input_name, names):
        if node in known:
            continue
        near = nearest(node, known)
        fix = f"did you mean {near}?" if near else "`devbench graph FILE` lists inputs and outputs"
        found.append(UsageError(f"--{what}s: the graph has no node {node!r}", fix=fix))
    return found


def _check_missing(
    graph: PbGraph, calls: Sequence[TransformCall], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    needed = needed_nodes(graph, inputs=inputs, outputs=outputs)
    stop = {input_name(name) for name in inputs}
    needed_users = [node for node in graph.nodes if node.name in needed and node.name not in stop]
    missing = missing_inputs(needed_users, graph.names)
    if missing:
        pairs = listed(f"{name} (for {node})" for node, name in missing)
        raise ModelError(
            f"the outputs need nodes that are not in the graph: {pairs}",
            fix="the graph is a part of another: take the whole, or name inputs behind what is missing",
        )
    rest = missing_inputs(graph.nodes, graph.names)
    if rest and calls[0].name != "strip_unused_nodes":
        raise ModelError(
            f"nodes that the outputs do not need lack inputs: {listed(name for _, name in rest)}",
            fix="begin the string with strip_unused_nodes, which drops them",
        )


def _check_variables(
    graph: PbGraph, calls: Sequence[TransformCall], inputs: Sequence[str], outputs: Sequence[str]
) -> None:
    specs = all_specs()
    wants = next(
        (c.name for c in calls if specs[c.name].needs_constants and not c.flag("ignore_errors")), None
    )
    if wants is None:
        return
    needed = needed_nodes(graph, inputs=inputs, outputs=outputs)
    variables = [node.name for node in graph.nodes if node.op in VARIABLE_OPS and node.name in needed]
    if variables:
        raise ModelError(
            f"{wants} works on constants, but the graph has variables, so it is not frozen: {listed(variables)}",
            fix=_FREEZE,
        )
