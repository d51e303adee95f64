"""Which node of a .tflite graph a profiled operator is: by the tensor it names, or by the order of all of them.

Built-in kernels name the tensor they write. XNNPACK names nothing, but runs the nodes in the file's order; where
its operators and the file's are the same sequence, kind by kind (its helpers aside), each is known; else none is.
"""

from __future__ import annotations

from collections.abc import Sequence

from devbench.domain.measurement import OpTime

# XNNPACK's names of operators begin so; what they may stand for in a file
_KINDS: dict[str, tuple[str, ...]] = {
    "Convolution": ("CONV_2D", "DEPTHWISE_CONV_2D"),
    "Deconvolution": ("TRANSPOSE_CONV",),
    "Fully Connected": ("FULLY_CONNECTED",),
    "Dynamic Fully Connected": ("FULLY_CONNECTED",),
    "Softmax": ("SOFTMAX",),
    "Mean": ("MEAN",),
    "Average Pooling": ("AVERAGE_POOL_2D",),
    "Max Pooling": ("MAX_POOL_2D",),
    "Global Average Pooling": ("MEAN", "AVERAGE_POOL_2D"),
    "Add": ("ADD",),
    "Subtract": ("SUB",),
    "Multiply": ("MUL",),
    "Divide": ("DIV",),
    "Clamp": ("RELU", "RELU6", "RELU_N1_TO_1"),
    "Sigmoid": ("LOGISTIC",),
    "HardSwish": ("HARD_SWISH",),
    "Constant Pad": ("PAD", "PADV2"),
    "Convert": ("QUANTIZE", "DEQUANTIZE"),
    "Copy": ("RESHAPE",),
    "Static Reshape": ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"),
    "Transpose": ("TRANSPOSE",),
}
# what XNNPACK adds for itself where the file has no such node: a change of number format, a view
_HELPERS = ("Convert", "Static Reshape", "Copy")


def tensors_of(ops: Sequence[OpTime], nodes: Sequence[tuple[str, str]]) -> dict[int, str]:
    """Operator index → tensor of its node, for those that are known; `nodes` are (type, first output) in order."""
    named = {op.index: op.name for op in ops if op.name and op.delegate is None}
    if len(named) == len(ops):
        return named
    return named | _in_order(ops, nodes)


def _in_order(ops: Sequence[OpTime], nodes: Sequence[tuple[str, str]]) -> dict[int, str]:
    """Everything if the two sequences agree, and nothing if they do not in a single place."""
    found: dict[int, str] = {}
    place = 0
    for op in ops:
        if place < len(nodes) and _stands_for(op, nodes[place]):
            found[op.index] = nodes[place][1]
            place += 1
        elif not op.type.startswith(_HELPERS) or op.delegate is None:
            return {}
    return found if place == len(nodes) else {}


def _stands_for(op: OpTime, node: tuple[str, str]) -> bool:
    kind, tensor = node
    if op.delegate is None:
        return op.type == kind and (not op.name or op.name == tensor)
    return any(op.type.startswith(name) and kind in kinds for name, kinds in _KINDS.items())
