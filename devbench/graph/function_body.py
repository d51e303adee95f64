"""One function of a graph's library, ready to be put in place of a call: names, ports and attributes resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devbench.errors import ModelError
from devbench.graph.edit import attribute

if TYPE_CHECKING:
    from tensorflow.core.framework.function_pb2 import FunctionDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """`nodes` are named and wired as in a graph; `results` and `after` are what stands for the call's outputs."""

    nodes: tuple[NodeDef, ...]
    results: tuple[str, ...]
    after: tuple[str, ...]


def body_of(function: FunctionDef, call: NodeDef, *, prefix: str, library: dict[str, FunctionDef]) -> Body:
    """The nodes of `function` as `call` would run them, their names begun with `prefix`.

    ModelError where the call does not fit the function.
    """
    arguments = [a.name for a in function.signature.input_arg]
    given = [i for i in call.input if not i.startswith("^")]
    if len(given) != len(arguments):
        raise ModelError(
            f"{call.name} calls {function.signature.name} with {len(given)} inputs, it takes {len(arguments)}"
        )
    inner = {node.name: node for node in function.node_def}
    wiring = _Wiring(
        arguments=dict(zip(arguments, given, strict=True)), inner=inner, prefix=prefix, library=library
    )
    waits = [i for i in call.input if i.startswith("^")]
    nodes = tuple(_inlined(node, call, wiring, waits) for node in function.node_def)
    results = []
    for output in function.signature.output_arg:
        if output.name not in function.ret:
            raise ModelError(f"function {function.signature.name} gives nothing for its output {output.name}")
        results.append(wiring.resolve(function.ret[output.name]))
    after = [f"^{prefix}{name}" for name in function.control_ret.values() if name in inner]
    after += [f"^{result.partition(':')[0]}" for result in results]
    return Body(nodes=nodes, results=tuple(results), after=tuple(dict.fromkeys(after)))


class _Wiring:
    """Where a reference inside the function leads in the graph."""

    def __init__(
        self,
        *,
        arguments: dict[str, str],
        inner: dict[str, NodeDef],
        prefix: str,
        library: dict[str, FunctionDef],
    ) -> None:
        self.inner = inner
        self._arguments = arguments
        self._prefix, self._library = prefix, library

    def resolve(self, reference: str) -> str:
        """'arg' → what the call gave; 'node:output:1' → 'prefix node:2', counted over all of its outputs."""
        if reference.startswith("^"):
            given = self._arguments.get(reference[1:])
            return f"^{self._prefix}{reference[1:]}" if given is None else f"^{given.partition(':')[0]}"
        name, _, rest = reference.partition(":")
        if not rest and name in self._arguments:
            return self._arguments[name]
        if name not in self.inner:
            raise ModelError(f"a function refers to {reference}, which is not in it")
        output, _, index = rest.partition(":")
        port = self._first_port(self.inner[name], output) + int(index or 0) if rest else 0
        return f"{self._prefix}{name}" + (f":{port}" if port else "")

    def _first_port(self, node: NodeDef, output: str) -> int:
        from tensorflow.python.framework import op_def_registry

        if node.op in self._library:
            definition: Any = self._library[node.op].signature
        else:
            definition = op_def_registry.get(node.op)
        if definition is None:
            raise ModelError(f"function node {node.name} has the op {node.op}, which this TensorFlow lacks")
        port = 0
        for argument in definition.output_arg:
            if argument.name == output:
                return port
            if argument.number_attr:
                port += attribute(node, argument.number_attr).i
            elif argument.type_list_attr:
                port += len(attribute(node, argument.type_list_attr).list.type)
            else:
                port += 1
        raise ModelError(f"function node {node.name} ({node.op}) has no output {output!r}")


def _inlined(node: NodeDef, call: NodeDef, wiring: _Wiring, waits: list[str]) -> NodeDef:
    copy = type(node)()
    copy.CopyFrom(node)
    copy.name = wiring.resolve(f"^{node.name}")[1:]
    inputs = [wiring.resolve(reference) for reference in node.input]
    # what waits for nothing in the function waits for what the call waited for
    starts = not any(reference.partition(":")[0].lstrip("^") in wiring.inner for reference in node.input)
    del copy.input[:]
    copy.input.extend([*inputs, *(w for w in waits if starts and w not in inputs)])
    if "_class" in copy.attr:
        places = [_beside(place, wiring) for place in copy.attr["_class"].list.s]
        del copy.attr["_class"].list.s[:]
        copy.attr["_class"].list.s.extend(places)
    for name in list(copy.attr):
        wanted = copy.attr[name].placeholder
        if wanted:
            if wanted not in call.attr:
                raise ModelError(f"{call.name} does not say the attribute {wanted} that its function takes")
            copy.attr[name].CopyFrom(call.attr[wanted])
    return copy


def _beside(place: bytes, wiring: _Wiring) -> bytes:
    """'loc:@node', which says that a node is to be on the device of another, with that node's name in the graph."""
    name = place.removeprefix(b"loc:@").decode(errors="replace")
    return b"loc:@" + wiring.resolve(f"^{name}")[1:].encode() if name in wiring.inner else place
