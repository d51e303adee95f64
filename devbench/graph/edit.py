"""Reading and changing GraphDefs in Python, for our own transforms: who reads whom, constants as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from devbench.graph.pb_faults import input_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    Values = NDArray[np.floating[Any]]


class GraphEdit:
    """A copy of a graph that is changed in place, with its nodes by name and their readers kept at hand."""

    def __init__(self, graph: GraphDef, *, keep: Iterable[str]) -> None:
        """`keep` are names that must not go: inputs and outputs."""
        self.graph = type(graph).FromString(graph.SerializeToString())
        self._asked = tuple(keep)
        self.keep = frozenset(input_name(name) for name in self._asked)
        self.nodes: dict[str, NodeDef] = {node.name: node for node in self.graph.node}
        self._loaded: Any = None
        self.readers: dict[str, list[NodeDef]] = {}
        for node in self.graph.node:
            for name in {input_name(reference) for reference in node.input}:
                self.readers.setdefault(name, []).append(node)

    def data_inputs(self, node: NodeDef) -> list[str]:
        return [reference for reference in node.input if not reference.startswith("^")]

    def data_readers(self, name: str) -> list[NodeDef]:
        """Nodes that read a result of `name`, not those that only wait for it."""
        return [
            node
            for node in self.readers.get(name, ())
            if any(input_name(i) == name for i in self.data_inputs(node))
        ]

    def ports_read(self, name: str) -> set[int]:
        """Which results of `name` nodes read, or inputs and outputs name."""
        read = [i for node in self.readers.get(name, ()) for i in self.data_inputs(node)]
        ports = [r.partition(":")[2] for r in (*read, *self._asked) if input_name(r) == name]
        return {int(port or 0) for port in ports if port.isdigit() or not port}

    def constant_behind(self, reference: str) -> NodeDef | None:
        """The Const that an input leads to through Identity nodes, None where it leads elsewhere."""
        seen: set[str] = set()
        node = self.nodes.get(input_name(reference))
        while node is not None and node.op in ("Identity", "ReadVariableOp") and node.name not in seen:
            seen.add(node.name)
            inputs = self.data_inputs(node)
            node = self.nodes.get(input_name(inputs[0])) if inputs else None
        return node if node is not None and node.op == "Const" else None

    def static_shape(self, reference: str) -> tuple[int | None, ...] | None:
        """What TensorFlow infers of a shape in the graph as it is when first asked; None: no rank is known."""
        if self._loaded is None:
            self._loaded = _loaded(self.finished())
        try:
            shape = self._loaded.get_tensor_by_name(reference if ":" in reference else f"{reference}:0").shape
        except (KeyError, ValueError):
            return None
        return None if shape.rank is None else tuple(shape.as_list())

    def unique(self, name: str) -> str:
        number, found = 1, name
        while found in self.nodes:
            found, number = f"{name}_{number}", number + 1
        return found

    def add(self, name: str, op: str, inputs: Iterable[str]) -> NodeDef:
        node = self.graph.node.add(name=name, op=op, input=list(inputs))
        self.nodes[name] = node
        for reference in node.input:
            self.readers.setdefault(input_name(reference), []).append(node)
        return node

    def add_constant(self, name: str, values: Any, dtype: int) -> str:
        """A new constant, its name made unique; `dtype` is TensorFlow's number of its type."""
        from tensorflow import make_tensor_proto

        node = self.add(self.unique(name), "Const", ())
        node.attr["dtype"].type = dtype
        node.attr["value"].tensor.CopyFrom(make_tensor_proto(values, dtype=dtype))
        return str(node.name)

    def set_inputs(self, node: NodeDef, inputs: Iterable[str]) -> None:
        before = {input_name(reference) for reference in node.input}
        del node.input[:]
        node.input.extend(inputs)
        after = {input_name(reference) for reference in node.input}
        for name in before - after:
            self.readers[name] = [r for r in self.readers.get(name, ()) if r.name != node.name]
        for name in after - before:
            self.readers.setdefault(name, []).append(node)

    def remove_unread(self, names: Iterable[str], *, removable: Callable[[NodeDef], bool]) -> None:
        """Drop those of `names` that nothing reads any more, then what only they read, as far as `removable`.

        Control edges to such nodes go with them: a constant computation has nothing to wait for.
        """
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            node = self.nodes.get(name)
            if node is None or name in self.keep or not removable(node) or self.data_readers(name):
                continue
            for reader in self.readers.pop(name, []):
                self.set_inputs(reader, [i for i in reader.input if input_name(i) != name])
                if reader.op == "NoOp" and not reader.input:
                    waiting.append(reader.name)
            waiting += [input_name(reference) for reference in node.input]
            self.set_inputs(node, ())
            del self.nodes[name]

    def finished(self) -> GraphDef:
        """The graph without what was removed, in the order it had."""
        kept = [
            node for node in self.graph.node if self.nodes.get(node.name) is node or node.name in self.nodes
        ]
        result = type(self.graph)()
        result.CopyFrom(self.graph)
        del result.node[:]
        result.node.extend(kept)
        return result


def _loaded(graph: GraphDef) -> Any:
    """The graph loaded by TensorFlow; what it does not take is left out, and told where the graph is run."""
    import tensorflow as tf

    loaded = tf.Graph()
    try:
        with loaded.as_default():
            tf.import_graph_def(graph, name="")
    except Exception:  # TensorFlow raises a dozen classes here
        return tf.Graph()
    return loaded


def attribute(node: NodeDef, name: str) -> Any:
    """The attribute, or an empty one: node.attr[name] would put that into the node for good."""
    from tensorflow.core.framework.attr_value_pb2 import AttrValue

    return node.attr[name] if name in node.attr else AttrValue()


def constant_of(node: NodeDef) -> Any:
    """The values of a Const node as an array."""
    from tensorflow import make_ndarray

    return make_ndarray(node.attr["value"].tensor)
