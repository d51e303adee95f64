"""Tiny models written by the tests themselves, for what no converter makes on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TYPES = {
    "float32": "FLOAT32",
    "float16": "FLOAT16",
    "float64": "FLOAT64",
    "int8": "INT8",
    "uint8": "UINT8",
    "int16": "INT16",
    "uint16": "UINT16",
    "int32": "INT32",
    "uint32": "UINT32",
    "int64": "INT64",
    "uint64": "UINT64",
    "bool": "BOOL",
}


def write_copies(path: Path, dtype: str, shape: tuple[int, ...], count: int = 1) -> Path:
    """A model whose `count` outputs are its inputs, by RESHAPE to the shape they have."""
    return _write(path, [_copy_graph(dtype, shape, count)], [])


def write_open(path: Path) -> Path:
    """A model that adds its input x of shape [-1, 3] to itself."""
    s = _schema()
    graph = s.SubGraphT()
    graph.tensors = [_tensor("x", "float32", (1, 3), (-1, 3)), _tensor("twice", "float32", (1, 3), (-1, 3))]
    graph.operators = [_operator(1, [0, 0], [1])]
    graph.inputs, graph.outputs = [0], [1]
    return _write(path, [graph], [])


def write_signatures(path: Path) -> Path:
    """A model with the signatures `small` (input p, [2]) and `large` (input q, [7])."""
    graphs = [_copy_graph("float32", (2,), 1), _copy_graph("float32", (7,), 1)]
    return _write(path, graphs, [("small", 0, "p", "p_out"), ("large", 1, "q", "q_out")])


def write_unknown_operator(path: Path) -> Path:
    """A model whose only operator no engine has."""
    graph = _copy_graph("float32", (2,), 1)
    graph.operators[0].opcodeIndex = 2
    return _write(path, [graph], [])


def _schema() -> Any:
    from ai_edge_litert import schema_py_generated

    return schema_py_generated


def _tensor(name: str, dtype: str, shape: tuple[int, ...], signature: tuple[int, ...] | None = None) -> Any:
    s = _schema()
    tensor = s.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = (
        name,
        list(shape),
        getattr(s.TensorType, TYPES[dtype]),
        0,
    )
    if signature is not None:
        tensor.shapeSignature = list(signature)
    return tensor


def _operator(code: int, inputs: list[int], outputs: list[int]) -> Any:
    operator = _schema().OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
    return operator


def _copy_graph(dtype: str, shape: tuple[int, ...], count: int) -> Any:
    s = _schema()
    graph = s.SubGraphT()
    graph.tensors, graph.operators = [], []
    for i in range(count):
        graph.tensors += [_tensor(f"in{i}", dtype, shape), _tensor(f"out{i}", dtype, shape)]
        operator = _operator(0, [2 * i], [2 * i + 1])
        operator.builtinOptionsType = s.BuiltinOptions.ReshapeOptions
        operator.builtinOptions = s.ReshapeOptionsT()
        operator.builtinOptions.newShape = list(shape)
        graph.operators.append(operator)
    graph.inputs, graph.outputs = list(range(0, 2 * count, 2)), list(range(1, 2 * count, 2))
    return graph


def _write(path: Path, graphs: list[Any], signatures: list[tuple[str, int, str, str]]) -> Path:
    import flatbuffers

    s = _schema()
    model = s.ModelT()
    model.version, model.subgraphs, model.buffers = 3, graphs, [s.BufferT()]
    model.operatorCodes = []
    for builtin, custom in (
        (s.BuiltinOperator.RESHAPE, None),
        (s.BuiltinOperator.ADD, None),
        (32, b"NoSuchOp"),
    ):
        code = s.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.customCode, code.version = custom, 1
        model.operatorCodes.append(code)
    model.signatureDefs = [_signature(*signature) for signature in signatures]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


def _signature(key: str, graph: int, input_name: str, output_name: str) -> Any:
    s = _schema()
    signature = s.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = key, graph
    signature.inputs, signature.outputs = [_map(input_name, 0)], [_map(output_name, 1)]
    return signature


def _map(name: str, index: int) -> Any:
    entry = _schema().TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry
