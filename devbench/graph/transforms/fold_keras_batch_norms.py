"""Folds batch norms as Keras 3 freezes them: Mul, Sub, AddV2 with constants hidden behind Identity and Rsqrt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devbench.graph.constants import Constants, is_constant_op
from devbench.graph.edit import GraphEdit, attribute
from devbench.graph.pb_faults import input_name
from devbench.graph.transform_spec import TransformSpec

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.core.framework.node_def_pb2 import NodeDef

    from devbench.graph.transforms import TransformContext

SPEC = TransformSpec(
    name="fold_keras_batch_norms",
    does="Folds what multiplies and adds constants per channel behind Conv2D, DepthwiseConv2dNative or MatMul into"
    " its weights and one BiasAdd: batch norms as Keras freezes them, FusedBatchNorm of any version, biases too.",
    needs_constants=True,
)
_LINEAR = ("Conv2D", "DepthwiseConv2dNative", "MatMul")
_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_ADDS = ("Add", "AddV2", "BiasAdd")
_FLOAT_TYPES = {1: "float32", 2: "float64", 19: "float16"}
_GONE_WITH_IT = frozenset(
    {*_ADDS, *_NORMS, "Mul", "Sub", "RealDiv", "Identity", "Conv2D", "DepthwiseConv2dNative"}
)


@dataclass(slots=True)
class _Chain:
    """Behind `start`, everything up to `end` computes scale · x + offset; both have a value for each channel."""

    start: NodeDef
    end: NodeDef
    scale: Any
    offset: Any
    members: list[str]
    norms: int


def apply(graph: GraphDef, context: TransformContext) -> GraphDef:
    """The folded graph; nodes whose result others read, or that are inputs or outputs, keep name and value."""
    edit = GraphEdit(graph, keep=(*context.inputs, *context.outputs))
    constants = Constants(edit)
    folded = shared = others = 0
    for node in list(edit.graph.node):
        if node.op not in _LINEAR or attribute(node, "T").type not in _FLOAT_TYPES:
            continue
        weights = _weights(edit, constants, node)
        if weights is None:
            continue
        chain = _follow(edit, constants, node, _channels(node, weights))
        if chain is not None:
            _fold(edit, chain, weights)
            folded += 1
        elif any(reader.op in ("Mul", *_NORMS) for reader in edit.data_readers(node.name)):
            is_shared = node.name in edit.keep or len(edit.readers[node.name]) > 1
            shared, others = shared + is_shared, others + (not is_shared)
    context.notes.append(
        f"folded {folded} chains"
        + (f", left {shared} that others read too" if shared else "")
        + (f", left {others} that scale by no constant for each channel" if others else "")
    )
    return edit.finished()


def _weights(edit: GraphEdit, constants: Constants, node: NodeDef) -> Any:
    """The weights as stored, or None where they are no constant of the expected shape."""
    from devbench.graph.edit import constant_of

    inputs = edit.data_inputs(node)
    source = edit.constant_behind(inputs[1]) if len(inputs) == 2 else None
    if source is None:
        return None
    values = constant_of(source)
    return values if values.ndim == (2 if node.op == "MatMul" else 4) else None


def _channels(node: NodeDef, weights: Any) -> int:
    if node.op == "Conv2D":
        return int(weights.shape[3])
    if node.op == "DepthwiseConv2dNative":
        return int(weights.shape[2] * weights.shape[3])
    return int(weights.shape[0 if attribute(node, "transpose_b").b else 1])


def _follow(edit: GraphEdit, constants: Constants, start: NodeDef, channels: int) -> _Chain | None:
    import numpy as np

    chain = _Chain(start, start, np.ones(channels), np.zeros(channels), [], 0)
    first = _data_format(start) == "NCHW"
    while chain.end.name not in edit.keep and len(edit.readers.get(chain.end.name, ())) == 1:
        node = edit.readers[chain.end.name][0]
        step = _affine(edit, constants, node, chain.end.name, channels, channels_first=first)
        if step is None or attribute(node, "T").type != attribute(start, "T").type:
            break
        scale, offset = step
        chain.scale, chain.offset = chain.scale * scale, chain.offset * scale + offset
        chain.norms += node.op in ("Mul", "RealDiv", *_NORMS)
        chain.members.append(chain.end.name)
        chain.end = node
    finite = np.isfinite(chain.scale).all() and np.isfinite(chain.offset).all()
    return chain if chain.norms and finite else None


def _affine(
    edit: GraphEdit, constants: Constants, node: NodeDef, source: str, channels: int, *, channels_first: bool
) -> tuple[Any, Any] | None:
    """(scale, offset) per channel of what `node` does to the result of `source`, or None."""
    inputs = edit.data_inputs(node)
    if len(inputs) != len(node.input):
        return None
    places = [i for i, reference in enumerate(inputs) if reference in (source, f"{source}:0")]
    if len(places) != 1:
        return None
    if node.op == "Identity":
        return 1.0, 0.0
    if node.op in _NORMS:
        # a BiasAdd in its place has no second result, and counts channels as the convolution does
        fits = edit.ports_read(node.name) <= {0} and (_data_format(node) == "NCHW") == channels_first
        return _fused_norm(constants, node, inputs, channels) if places == [0] and fits else None
    if node.op not in (*_ADDS, "Mul", "Sub", "RealDiv") or len(inputs) != 2:
        return None
    other = constants.value(inputs[1 - places[0]])
    by_axis = channels_first and node.op != "BiasAdd"
    vector = _per_channel(other, channels, rank=2 if edit.nodes[source].op == "MatMul" else 4, first=by_axis)
    if vector is None or (node.op == "BiasAdd" and _data_format(node) == "NCHW") != (
        node.op == "BiasAdd" and channels_first
    ):
        return None
    if node.op in _ADDS:
        return 1.0, vector
    if node.op == "Mul":
        return vector, 0.0
    if node.op == "Sub":
        return (1.0, -vector) if places == [0] else (-1.0, vector)
    return (1.0 / vector, 0.0) if places == [0] else None


def _fused_norm(
    constants: Constants, node: NodeDef, inputs: list[str], channels: int
) -> tuple[Any, Any] | None:
    import numpy as np

    if len(inputs) != 5 or attribute(node, "is_training").b or "is_training" not in node.attr:
        return None
    values = [_per_channel(constants.value(i), channels, rank=1, first=False) for i in inputs[1:]]
    if any(value is None for value in values):
        return None
    gamma, beta, mean, variance = values
    with np.errstate(all="ignore"):
        scale = gamma / np.sqrt(variance + (attribute(node, "epsilon").f if "epsilon" in node.attr else 1e-4))
    return scale, beta - mean * scale


def _per_channel(value: Any, channels: int, *, rank: int, first: bool) -> Any:
    """A constant that broadcasts along the channels only, as a vector; None for any other."""
    import numpy as np

    if value is None or not np.issubdtype(value.dtype, np.floating) or value.ndim > rank:
        return None
    if value.size == 1:
        return np.full(channels, float(value.reshape(())))
    axis = value.ndim - (3 if first else 1)
    if axis < 0 or value.shape[axis] != channels or value.size != channels:
        return None
    return value.reshape(channels)


def _data_format(node: NodeDef) -> str:
    return attribute(node, "data_format").s.decode() if "data_format" in node.attr else "NHWC"


def _fold(edit: GraphEdit, chain: _Chain, weights: Any) -> None:
    """New constants of their own: the old weights may be read by another op too."""
    import numpy as np

    start, dtype = chain.start, attribute(chain.start, "T").type
    scale = chain.scale
    if start.op == "DepthwiseConv2dNative":
        scale = scale.reshape(weights.shape[2:])
    elif start.op == "MatMul" and attribute(start, "transpose_b").b:
        scale = scale[:, None]
    scaled = (weights.astype(np.float64) * scale).astype(weights.dtype)
    old_weights, rest = start.input[1], [i for i in start.input if i.startswith("^")]
    edit.set_inputs(
        start, [start.input[0], edit.add_constant(f"{start.name}/folded_weights", scaled, dtype), *rest]
    )
    offset = edit.add_constant(f"{start.name}/folded_offset", chain.offset.astype(weights.dtype), dtype)
    end, old_inputs = chain.end, [input_name(i) for i in chain.end.input]
    edit.set_inputs(end, [start.name, offset])
    end.op = "BiasAdd"
    end.attr.clear()
    end.attr["T"].type = dtype
    end.attr["data_format"].s = _data_format(start).encode()
    gone = [input_name(old_weights), *old_inputs, *reversed(chain.members)]
    edit.remove_unread(
        gone,
        removable=lambda node: (
            is_constant_op(node) or (node.op in _GONE_WITH_IT and node.name in chain.members)
        ),
    )
