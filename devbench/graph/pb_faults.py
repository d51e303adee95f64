"""What is wrong with a graph as a graph, found before TensorFlow sees it: on some of it TensorFlow crashes.

A transform of TensorFlow's that meets a cycle or a missing input may also match nothing and say nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from devbench.graph.pb_file import PbGraph, PbNode
from devbench.graph.pb_names import VARIABLE_OPS

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`kind` is `duplicate-name`, `missing-input`, `cycle`, `variables` or `missing-function`."""

    kind: str
    sentence: str


def input_name(reference: str) -> str:
    """The node that an input names: 'a' for 'a', 'a:1' and '^a'."""
    return reference.removeprefix("^").partition(":")[0]


def listed(names: Iterable[str]) -> str:
    """The first names and how many there are more."""
    all_names = list(names)
    more = len(all_names) - _SHOWN
    return ", ".join(all_names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def find_faults(graph: PbGraph) -> tuple[Fault, ...]:
    """Everything that keeps the graph from being run or transformed as it stands."""
    faults = []
    doubles = [name for name, count in Counter(node.name for node in graph.nodes).items() if count > 1]
    if doubles:
        faults.append(
            Fault(kind="duplicate-name", sentence=f"several nodes have one name: {listed(doubles)}")
        )
    missing = missing_inputs(graph.nodes, graph.names)
    if missing:
        pairs = listed(f"{name} (for {node})" for node, name in missing)
        faults.append(Fault(kind="missing-input", sentence=f"inputs that are not in the graph: {pairs}"))
    cycle = find_cycle(graph)
    if cycle:
        faults.append(
            Fault(kind="cycle", sentence=f"nodes that feed each other in a circle: {_shown(cycle)}")
        )
    variables = variable_names(graph)
    if variables:
        faults.append(
            Fault(kind="variables", sentence=f"variables, so it is not frozen: {listed(variables)}")
        )
    unknown = missing_functions(graph)
    if unknown:
        faults.append(
            Fault(kind="missing-function", sentence=f"calls of functions it does not hold: {listed(unknown)}")
        )
    return tuple(faults)


def missing_inputs(nodes: Iterable[PbNode], names: Iterable[str]) -> list[tuple[str, str]]:
    """(node, the input of it that no node is called)."""
    known = frozenset(names)
    return [(n.name, input_name(i)) for n in nodes for i in n.inputs if input_name(i) not in known]


def variable_names(graph: PbGraph) -> list[str]:
    return [node.name for node in graph.nodes if node.op in VARIABLE_OPS]


def missing_functions(graph: PbGraph) -> list[str]:
    known = {function.name for function in graph.functions}
    called = [call for node in graph.nodes for call in node.calls]
    called += [call for function in graph.functions for node in function.nodes for call in node.calls]
    return list(dict.fromkeys(name for name in called if name not in known))


def find_cycle(graph: PbGraph) -> list[str]:
    """The names along one circle, or []; the back edges of TensorFlow 1's while loops are none."""
    by_name = {node.name: node for node in graph.nodes}
    before = {name: _predecessors(node, by_name) for name, node in by_name.items()}
    waiting = {name: len(names) for name, names in before.items()}
    after: dict[str, list[str]] = {name: [] for name in by_name}
    for name, names in before.items():
        for other in names:
            after[other].append(name)
    ready = [name for name, count in waiting.items() if count == 0]
    done = set(ready)
    while ready:
        for name in after[ready.pop()]:
            waiting[name] -= 1
            if waiting[name] == 0:
                done.add(name)
                ready.append(name)
    left = next((name for name in by_name if name not in done), None)
    if left is None:
        return []
    path: dict[str, None] = {}
    while left not in path:
        path[left] = None
        left = next(name for name in before[left] if name not in done)
    names = list(path)
    return names[names.index(left) :][::-1]


def needed_nodes(graph: PbGraph, *, inputs: Iterable[str], outputs: Iterable[str]) -> set[str]:
    """Names that `outputs` need, up to `inputs`; a needed name may be missing in the graph."""
    by_name = {node.name: node for node in graph.nodes}
    stop = {input_name(name) for name in inputs}
    waiting = [input_name(name) for name in outputs]
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in needed:
            continue
        needed.add(name)
        if name not in stop and name in by_name:
            waiting += [input_name(reference) for reference in by_name[name].inputs]
    return needed


def _predecessors(node: PbNode, by_name: Mapping[str, PbNode]) -> list[str]:
    names = dict.fromkeys(input_name(reference) for reference in node.inputs)
    is_merge = node.op in ("Merge", "RefMerge")
    return [
        name
        for name in names
        if name in by_name and not (is_merge and by_name[name].op in ("NextIteration", "RefNextIteration"))
    ]


def _shown(cycle: list[str]) -> str:
    shown = cycle if len(cycle) <= _SHOWN else [*cycle[: _SHOWN - 1], f"… ({len(cycle)} nodes)"]
    return " → ".join([*shown, cycle[0]])
