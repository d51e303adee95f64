"""The float constants of a graph as numbers, to refuse what transforms would spoil without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from devbench.errors import ModelError
from devbench.graph.pb_file import PbGraph, PbNode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# TensorFlow's number of a type → the NumPy type its bytes are read as
_FLOATS = {"float32": "<f4", "float64": "<f8", "float16": "<f2"}
# a range this small overflows when it is divided by, and quantize_weights makes NaN of the whole constant
_SMALLEST_RANGE = 1e-35


def float_constants(data: bytes, graph: PbGraph) -> Iterator[tuple[PbNode, NDArray[np.floating]]]:
    """Each float constant with the values stored of it: flat, fewer than its elements where the last repeats."""
    import numpy as np
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    for node in graph.nodes:
        if node.tensor is None or node.tensor.dtype not in _FLOATS:
            continue
        tensor = NodeDef.FromString(data[node.start : node.start + node.size_bytes]).attr["value"].tensor
        dtype = np.dtype(_FLOATS[node.tensor.dtype])
        if tensor.tensor_content:
            if len(tensor.tensor_content) % dtype.itemsize:
                raise ModelError(
                    f"the constant {node.name} holds {len(tensor.tensor_content)} bytes, no whole {dtype}"
                )
            yield node, np.frombuffer(tensor.tensor_content, dtype)
        elif node.tensor.dtype == "float16":
            yield node, np.array(tensor.half_val, np.uint16).view(np.float16)
        else:
            yield node, np.array(tensor.float_val or tensor.double_val, dtype)


def refuse_nan(data: bytes, graph: PbGraph) -> None:
    """ModelError names the constant with NaN in it."""
    import numpy as np

    for node, values in float_constants(data, graph):
        # one pass without a temporary array: the sum of anything with a NaN is NaN, and so is inf - inf
        if values.size and np.isnan(np.sum(values)) and (count := int(np.isnan(values).sum())):
            raise ModelError(
                f"the constant {node.name} has {count} NaN among {values.size} values",
                fix="train or load the weights again: a transform would spread them",
            )


def refuse_infinity(data: bytes, graph: PbGraph, *, least: int, transform: str) -> None:
    """ModelError names the constant of at least `least` elements that `transform` would make NaN of."""
    import numpy as np

    for node, values in float_constants(data, graph):
        if node.tensor is not None and node.tensor.elements >= least and np.isinf(values).any():
            raise ModelError(f"the constant {node.name} holds infinity: {transform} would make all of it NaN")


def without_range(data: bytes, graph: PbGraph, *, least: int) -> list[PbNode]:
    """Float32 constants of at least `least` elements that are zero (or next to it) throughout."""
    found = []
    for node, values in float_constants(data, graph):
        if node.tensor is None or node.tensor.dtype != "float32" or node.tensor.elements < least:
            continue
        highest, lowest = (
            (max(float(values.max()), 0.0), min(float(values.min()), 0.0)) if values.size else (0, 0)
        )
        if highest - lowest < _SMALLEST_RANGE:
            found.append(node)
    return found
