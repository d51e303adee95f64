"""How an op or attribute that an older runtime lacks is said in what it has.

A rule rewrites its node in place, adds nodes as it needs them, and gives None; or it gives the reason why this node
has no equivalent, and leaves it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from devbench.graph.edit import GraphEdit, attribute, constant_of
from devbench.graph.pb_faults import input_name

if TYPE_CHECKING:
    from tensorflow.core.framework.node_def_pb2 import NodeDef

Rule = Callable[[GraphEdit, "NodeDef"], str | None]
_FLOAT = 1
_INT32 = 3


def _renamed(op: str, *, without: tuple[str, ...] = ()) -> Rule:
    """The same op by an older name, without attributes that only the newer one has."""

    def rule(edit: GraphEdit, node: NodeDef) -> str | None:
        node.op = op
        for name in without:
            node.attr.pop(name, None)
        return None

    return rule


def _fused_batch_norm(edit: GraphEdit, node: NodeDef) -> str | None:
    """Version 1 has no type U of its own, and is for float32 only."""
    if attribute(node, "T").type != _FLOAT or ("U" in node.attr and attribute(node, "U").type != _FLOAT):
        return "FusedBatchNorm is for float32 only"
    if attribute(node, "exponential_avg_factor").f not in (0.0, 1.0):
        return "FusedBatchNorm has no exponential_avg_factor"
    if 5 in edit.ports_read(node.name):
        return "FusedBatchNorm has no sixth output"
    for name in ("U", "exponential_avg_factor"):
        node.attr.pop(name, None)
    node.op = "FusedBatchNorm"
    return None


def _batch_mat_mul_v2(edit: GraphEdit, node: NodeDef) -> str | None:
    """Version 1 takes stacks of one shape only. What is not known is tried: the report's parity tells."""
    shapes = [edit.static_shape(reference) for reference in edit.data_inputs(node)[:2]]
    stacks = [shape[:-2] for shape in shapes if shape is not None]
    if len(stacks) == 2:
        same_rank = len(stacks[0]) == len(stacks[1])
        if not same_rank or any(a != b and None not in (a, b) for a, b in zip(*stacks, strict=True)):
            return f"BatchMatMul takes no stacks of two shapes, here {list(stacks[0])} and {list(stacks[1])}"
    node.op = "BatchMatMul"
    return None


def _batch_mat_mul_v3(edit: GraphEdit, node: NodeDef) -> str | None:
    """Version 2 has one type for both inputs and the result."""
    types = {attribute(node, name).type for name in ("Ta", "Tb", "Tout")}
    if len(types) != 1:
        return "BatchMatMulV2 has one type for inputs and result"
    for name in ("Ta", "Tb", "Tout"):
        node.attr.pop(name, None)
    node.attr["T"].type = types.pop()
    node.op = "BatchMatMulV2"
    return None


def _gather(edit: GraphEdit, node: NodeDef) -> str | None:
    inputs = edit.data_inputs(node)
    axis = edit.nodes.get(input_name(inputs[2])) if len(inputs) == 3 else None
    if axis is None or axis.op != "Const" or int(constant_of(axis).reshape(-1)[0]) != 0:
        return "Gather knows the axis 0 only"
    if attribute(node, "batch_dims").i:
        return "Gather has no batch_dims"
    for name in ("Taxis", "batch_dims"):
        node.attr.pop(name, None)
    node.op = "Gather"
    edit.set_inputs(node, [*inputs[:2], *(i for i in node.input if i.startswith("^"))])
    return None


def _concat(edit: GraphEdit, node: NodeDef) -> str | None:
    if attribute(node, "Tidx").type not in (0, _INT32):
        return "Concat takes an int32 axis"
    inputs = edit.data_inputs(node)
    node.attr.pop("Tidx", None)
    node.op = "Concat"
    edit.set_inputs(node, [inputs[-1], *inputs[:-1], *(i for i in node.input if i.startswith("^"))])
    return None


def _leaky_relu(edit: GraphEdit, node: NodeDef) -> str | None:
    """For a slope from 0 to 1: the larger of x and slope · x."""
    slope = attribute(node, "alpha").f if "alpha" in node.attr else 0.2
    if not 0.0 <= slope <= 1.0:
        return f"a slope of {slope:g} has no equivalent"
    dtype, source = attribute(node, "T").type or _FLOAT, node.input[0]
    factor = edit.add_constant(f"{node.name}/alpha", slope, dtype)
    scaled = edit.add(edit.unique(f"{node.name}/scaled"), "Mul", [source, factor])
    scaled.attr["T"].type = dtype
    node.op = "Maximum"
    node.attr.pop("alpha", None)
    node.attr["T"].type = dtype
    edit.set_inputs(node, [source, scaled.name, *(i for i in node.input if i.startswith("^"))])
    return None


def _explicit_paddings(edit: GraphEdit, node: NodeDef) -> str | None:
    """A Pad with zeros in front, and no padding in the op itself."""
    if node.op not in ("Conv2D", "DepthwiseConv2dNative"):
        return "its explicit paddings have no equivalent"
    sizes = list(attribute(node, "explicit_paddings").list.i)
    if attribute(node, "padding").s != b"EXPLICIT":
        return None if not sizes else "it has explicit paddings, but its padding is not EXPLICIT"
    if len(sizes) != 8 or min(sizes) < 0:
        return f"its explicit paddings {sizes} are not eight sizes"
    node.attr["padding"].s = b"VALID"
    if not any(sizes):
        return None
    paddings = edit.add_constant(f"{node.name}/paddings", [sizes[i : i + 2] for i in range(0, 8, 2)], _INT32)
    pad = edit.add(edit.unique(f"{node.name}/pad"), "Pad", [node.input[0], paddings])
    pad.attr["T"].type = attribute(node, "T").type
    pad.attr["Tpaddings"].type = _INT32
    edit.set_inputs(node, [pad.name, *list(node.input)[1:]])
    return None


def _dilations(edit: GraphEdit, node: NodeDef) -> str | None:
    """Constant weights with zeros in the gaps: the same sums, with more multiplications."""
    if node.op not in ("Conv2D", "DepthwiseConv2dNative"):
        return "its dilations have no equivalent"
    rates = list(attribute(node, "dilations").list.i)
    height, width = (2, 3) if attribute(node, "data_format").s == b"NCHW" else (1, 2)
    source = edit.constant_behind(node.input[1])
    if source is None or len(rates) != 4:
        return "dilations need constant weights"
    weights = _with_gaps(constant_of(source), rates[height], rates[width])
    dilated = edit.add_constant(f"{node.name}/dilated_weights", weights, attribute(node, "T").type)
    old = input_name(node.input[1])
    edit.set_inputs(node, [node.input[0], dilated, *list(node.input)[2:]])
    edit.remove_unread([old], removable=lambda n: n.op in ("Const", "Identity"))
    return None


def _with_gaps(weights: Any, rows: int, columns: int) -> Any:
    import numpy as np

    shape = ((weights.shape[0] - 1) * rows + 1, (weights.shape[1] - 1) * columns + 1, *weights.shape[2:])
    dilated = np.zeros(shape, weights.dtype)
    dilated[::rows, ::columns] = weights
    return dilated


def applied(rule: Rule, edit: GraphEdit, node: NodeDef) -> str | None:
    """What `rule` gives, on a node that has at least the inputs that its op takes."""
    least = _LEAST_INPUTS.get(node.op, 1)
    if len(edit.data_inputs(node)) < least:
        return f"it has fewer than {least} inputs"
    return rule(edit, node)


_LEAST_INPUTS = {"PlaceholderV2": 0, "BatchMatMulV2": 2, "Conv2D": 2, "DepthwiseConv2dNative": 2, "ConcatV2": 2}
OP_RULES: dict[str, Rule] = {
    "AddV2": _renamed("Add"),
    "BatchMatMulV2": _batch_mat_mul_v2,
    "BatchMatMulV3": _batch_mat_mul_v3,
    "ConcatV2": _concat,
    "FusedBatchNormV2": _fused_batch_norm,
    "FusedBatchNormV3": _fused_batch_norm,
    "GatherV2": _gather,
    "LeakyRelu": _leaky_relu,
    "PlaceholderV2": _renamed("Placeholder"),
    "StopGradient": _renamed("Identity"),
}
ATTRIBUTE_RULES: dict[str, Rule] = {"explicit_paddings": _explicit_paddings, "dilations": _dilations}
