"""Reads what a GraphDef (.pb) says about itself, without TensorFlow, so that the core install can describe it.

The file is not trusted: it either gives a `PbGraph` or a ModelError that says what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from pathlib import Path

from devbench.errors import ModelError
from devbench.graph.pb_names import dtype_name
from devbench.graph.sniff import model_format
from devbench.graph.wire import BYTES, VARINT, fields, signed

# Field numbers of TensorFlow's public messages.
_GRAPH_NODE, GRAPH_LIBRARY, GRAPH_VERSIONS = 1, 2, 4
_LIBRARY_FUNCTION = 1
_FUNCTION_SIGNATURE, _FUNCTION_NODE = 1, 3
_VERSIONS_PRODUCER, _VERSIONS_MIN_CONSUMER = 1, 2
_NODE_NAME, _NODE_OP, _NODE_INPUT, _NODE_ATTR = 1, 2, 3, 5
_ATTR_LIST, _ATTR_TYPE, _ATTR_SHAPE, _ATTR_TENSOR, _ATTR_FUNC = 1, 6, 7, 8, 10
_LIST_SHAPE = 7
_TENSOR_DTYPE, _TENSOR_SHAPE = 1, 2
_SHAPE_DIM, _SHAPE_UNKNOWN_RANK = 2, 3

# what protocol buffers can hold
_LARGEST_BYTES = 2**31 - 1

Shape = tuple[int | None, ...]
_SCALAR: Shape = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PbTensor:
    """A constant: what it is in memory, and the bytes its message takes in the file."""

    dtype: str
    shape: Shape
    stored_bytes: int

    @property
    def elements(self) -> int:
        return prod(size or 0 for size in self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class PbNode:
    """One node; `size_bytes` is its whole message, `start` where it begins.

    `dtype` and `shape` are its attributes (`dtype` or `T`; `shape` or `_output_shapes`), None where it has none;
    `calls` are the functions its attributes name; `attributes` has the number of those that are a type, else None.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    dtype: str | None
    shape: Shape | None
    tensor: PbTensor | None
    calls: tuple[str, ...]
    attributes: dict[str, int | None]
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PbFunction:
    """A function of the library: its name, the nodes in it, and its bytes."""

    name: str
    nodes: tuple[PbNode, ...]
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PbGraph:
    """A GraphDef; versions are None where the file has none, which runtimes read as 0."""

    nodes: tuple[PbNode, ...]
    functions: tuple[PbFunction, ...] = ()
    producer: int | None = None
    min_consumer: int | None = None
    size_bytes: int = 0
    names: frozenset[str] = field(default_factory=frozenset)


def read_pb(path: Path) -> PbGraph:
    """The graph in `path`; ModelError names the file and what is wrong with it."""
    if model_format(path) != "pb":
        raise ModelError(f"{path} is not a TensorFlow graph", fix="give a .pb file")
    if path.stat().st_size > _LARGEST_BYTES:
        raise ModelError(f"{path} is larger than 2 GB, which no graph in one file can be")
    try:
        data = path.read_bytes()
    except OSError as e:
        raise ModelError(f"{path} cannot be read: {e.strerror}") from e
    try:
        return parse_graph(data)
    except ModelError as e:
        raise ModelError(f"{path} is {e.message}", fix=e.fix or "fetch or build the file again") from e


def parse_graph(data: bytes) -> PbGraph:
    """The GraphDef in `data`; the message of a ModelError completes the sentence "the file is …"."""
    nodes: list[PbNode] = []
    functions: list[PbFunction] = []
    producer = min_consumer = None
    for number, kind, start, end in fields(data, 0, len(data)):
        if kind != BYTES:
            continue
        if number == _GRAPH_NODE:
            nodes.append(_node(data, start, end))
        elif number == GRAPH_LIBRARY:
            functions += [
                _function(data, s, e)
                for n, k, s, e in fields(data, start, end)
                if n == _LIBRARY_FUNCTION and k == BYTES
            ]
        elif number == GRAPH_VERSIONS:
            versions = {n: value for n, k, value, _ in fields(data, start, end) if k == VARINT}
            producer = versions.get(_VERSIONS_PRODUCER, producer)
            min_consumer = versions.get(_VERSIONS_MIN_CONSUMER, min_consumer)
    if not nodes:
        raise ModelError("no TensorFlow graph: it has no node in it")
    return PbGraph(
        nodes=tuple(nodes),
        functions=tuple(functions),
        producer=producer,
        min_consumer=min_consumer,
        size_bytes=len(data),
        names=frozenset(node.name for node in nodes),
    )


def _node(data: bytes, start: int, end: int) -> PbNode:
    name = op = ""
    inputs: list[str] = []
    attributes: dict[str, tuple[int, int]] = {}
    for number, kind, s, e in fields(data, start, end):
        if kind != BYTES:
            continue
        if number == _NODE_NAME:
            name = _text(data, s, e)
        elif number == _NODE_OP:
            op = _text(data, s, e)
        elif number == _NODE_INPUT:
            inputs.append(_text(data, s, e))
        elif number == _NODE_ATTR:
            entry = {n: (a, b) for n, k, a, b in fields(data, s, e) if k == BYTES}
            if 1 in entry and 2 in entry:
                attributes[_text(data, *entry[1])] = entry[2]
    if not name or not op:
        raise ModelError(f"no TensorFlow graph: its node {name!r} has no {'op' if name else 'name'}")
    return PbNode(
        name=name,
        op=op,
        inputs=tuple(inputs),
        dtype=_first_type(data, attributes),
        shape=_shape_of(data, attributes),
        tensor=_tensor_of(data, attributes),
        calls=_calls(data, attributes),
        attributes={name: _type_number(data, *span) for name, span in attributes.items()},
        start=start,
        size_bytes=end - start,
    )


def _function(data: bytes, start: int, end: int) -> PbFunction:
    name = ""
    nodes = []
    for number, kind, s, e in fields(data, start, end):
        if kind == BYTES and number == _FUNCTION_SIGNATURE:
            name = next((_text(data, a, b) for n, k, a, b in fields(data, s, e) if (n, k) == (1, BYTES)), "")
        elif kind == BYTES and number == _FUNCTION_NODE:
            nodes.append(_node(data, s, e))
    return PbFunction(name=name, nodes=tuple(nodes), size_bytes=end - start)


def _first_type(data: bytes, attributes: dict[str, tuple[int, int]]) -> str | None:
    for key in ("dtype", "T"):
        number = _type_number(data, *attributes.get(key, (0, 0)))
        if number is not None:
            return dtype_name(number)
    return None


def _type_number(data: bytes, start: int, end: int) -> int | None:
    """The type that an attribute's value is, None if it is something else."""
    for number, kind, value, _ in fields(data, start, end):
        if number == _ATTR_TYPE and kind == VARINT:
            return value
    return None


def _shape_of(data: bytes, attributes: dict[str, tuple[int, int]]) -> Shape | None:
    for number, kind, s, e in fields(data, *attributes.get("shape", (0, 0))):
        if number == _ATTR_SHAPE and kind == BYTES:
            return _shape(data, s, e)
    for number, kind, s, e in fields(data, *attributes.get("_output_shapes", (0, 0))):
        if number == _ATTR_LIST and kind == BYTES:
            shapes = [(a, b) for n, k, a, b in fields(data, s, e) if n == _LIST_SHAPE and k == BYTES]
            return _shape(data, *shapes[0]) if shapes else None
    return None


def _tensor_of(data: bytes, attributes: dict[str, tuple[int, int]]) -> PbTensor | None:
    for number, kind, s, e in fields(data, *attributes.get("value", (0, 0))):
        if number != _ATTR_TENSOR or kind != BYTES:
            continue
        dtype, shape = "invalid", _SCALAR
        for n, k, a, b in fields(data, s, e):
            if n == _TENSOR_DTYPE and k == VARINT:
                dtype = dtype_name(a)
            elif n == _TENSOR_SHAPE and k == BYTES:
                shape = _shape(data, a, b) or _SCALAR
        return PbTensor(dtype=dtype, shape=shape, stored_bytes=e - s)
    return None


def _shape(data: bytes, start: int, end: int) -> Shape | None:
    """None for an unknown rank, None as a size for an open dimension."""
    sizes: list[int | None] = []
    for number, kind, s, e in fields(data, start, end):
        if number == _SHAPE_UNKNOWN_RANK and kind == VARINT and s:
            return None
        if number == _SHAPE_DIM and kind == BYTES:
            size = next((signed(v) for n, k, v, _ in fields(data, s, e) if n == 1 and k == VARINT), 0)
            sizes.append(size if size >= 0 else None)
    return tuple(sizes)


def _calls(data: bytes, attributes: dict[str, tuple[int, int]]) -> tuple[str, ...]:
    names = []
    for span in attributes.values():
        for number, kind, s, e in fields(data, *span):
            if number == _ATTR_FUNC and kind == BYTES:
                names += [_text(data, a, b) for n, k, a, b in fields(data, s, e) if n == 1 and k == BYTES]
    return tuple(names)


def _text(data: bytes, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace")
