"""Values of nodes that depend on constants only, computed with NumPy in double precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from devbench.graph.edit import GraphEdit, attribute, constant_of
from devbench.graph.pb_faults import input_name

if TYPE_CHECKING:
    from tensorflow.core.framework.node_def_pb2 import NodeDef

_FLOAT_TYPES = (1, 2, 19)
_MOST_ELEMENTS = 1 << 20
CONSTANT_OPS = frozenset(
    {"Const", "Identity", "ReadVariableOp", "Rsqrt", "Sqrt", "Neg", "Mul", "Sub", "Add", "AddV2", "RealDiv"}
    | {"Reshape", "Squeeze", "Reciprocal", "Maximum", "NoOp"}
)


def is_constant_op(node: NodeDef) -> bool:
    """May the node go when nobody reads it, because it only computes with constants?"""
    return node.op in CONSTANT_OPS


class Constants:
    """Evaluates on demand and remembers; None for what is no constant, too large or not float."""

    def __init__(self, edit: GraphEdit) -> None:
        self._edit = edit
        self._known: dict[str, Any] = {}

    def value(self, reference: str) -> Any:
        """Float values of an input, as float64; whole numbers as they are; None where it is no constant."""
        if reference.startswith("^") or reference.partition(":")[2] not in ("", "0"):
            return None
        waiting = [(input_name(reference), False)]
        begun: set[str] = set()
        while waiting:
            name, inputs_done = waiting.pop()
            if name in self._known:
                continue
            if inputs_done or name in begun:  # begun and met again: a circle, whose values are None
                self._known[name] = self._evaluate(name) if inputs_done else None
                continue
            begun.add(name)
            waiting.append((name, True))
            node = self._edit.nodes.get(name)
            if node is not None and node.op in CONSTANT_OPS:
                waiting += [(input_name(i), False) for i in self._edit.data_inputs(node)]
        return self._known.get(input_name(reference))

    def _evaluate(self, name: str) -> Any:
        import numpy as np

        node = self._edit.nodes.get(name)
        if node is None or node.op not in CONSTANT_OPS or node.op == "NoOp":
            return None
        if node.op == "Const":
            values = constant_of(node) if _elements(node) <= _MOST_ELEMENTS else None
            is_float = attribute(node, "dtype").type in _FLOAT_TYPES
            return values.astype(np.float64) if is_float and values is not None else values
        inputs = [self._value_of(i) for i in self._edit.data_inputs(node)]
        if not inputs or any(value is None for value in inputs):
            return None
        try:
            return _compute(node, inputs)
        except (ValueError, TypeError, IndexError):
            return None  # shapes that do not fit: TensorFlow says so when it runs the graph

    def _value_of(self, reference: str) -> Any:
        return self._known.get(input_name(reference)) if reference.partition(":")[2] in ("", "0") else None


def _compute(node: NodeDef, inputs: list[Any]) -> Any:
    import numpy as np

    simple: dict[str, Callable[..., Any]] = {
        "Identity": lambda x: x, "ReadVariableOp": lambda x: x, "Rsqrt": lambda x: 1 / np.sqrt(x),
        "Sqrt": np.sqrt,
        "Neg": np.negative, "Reciprocal": np.reciprocal, "Mul": np.multiply, "Sub": np.subtract, "Add": np.add,
        "AddV2": np.add, "RealDiv": np.divide, "Maximum": np.maximum,
        "Reshape": lambda x, shape: x.reshape([int(size) for size in shape]),
    }  # fmt: skip
    with np.errstate(all="ignore"):
        if node.op == "Squeeze":
            axes = tuple(attribute(node, "squeeze_dims").list.i)
            return np.squeeze(inputs[0], axis=axes or None)
        return simple[node.op](*inputs)


def _elements(node: NodeDef) -> int:
    count = 1
    for dimension in node.attr["value"].tensor.tensor_shape.dim:
        count *= max(dimension.size, 0)
    return count
