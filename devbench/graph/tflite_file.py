"""Reads what a .tflite file says about itself, without TensorFlow, so that the core install can plan a run.

The file is not trusted: it either gives a `TfliteModel` or a ModelError that says what is wrong with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.variant import TensorSpec
from devbench.errors import ModelError
from devbench.graph.flatbuffer import FlatBuffer, Table
from devbench.graph.sniff import TFLITE_IDENTIFIER, model_format
from devbench.graph.tflite_names import dtype_name, operator_name

# Field numbers of the tables in TFLite's public schema (schema.fbs, version 3).
_MODEL_VERSION, _MODEL_OPCODES, _MODEL_SUBGRAPHS, _MODEL_DESCRIPTION, _MODEL_BUFFERS = 0, 1, 2, 3, 4
_MODEL_METADATA, _MODEL_SIGNATURES = 6, 7
_OPCODE_OLD, _OPCODE_CUSTOM, _OPCODE_VERSION, _OPCODE_NEW = 0, 1, 2, 3
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS, _GRAPH_NAME = 0, 1, 2, 3, 4
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_NAME, _TENSOR_OPEN_SHAPE = 0, 1, 2, 3, 7
_OPERATOR_OPCODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 0, 1, 2
_BUFFER_DATA, _BUFFER_OFFSET, _BUFFER_SIZE = 0, 1, 2
_METADATA_NAME, _METADATA_BUFFER = 0, 1
_SIGNATURE_INPUTS, _SIGNATURE_OUTPUTS, _SIGNATURE_KEY, _SIGNATURE_SUBGRAPH = 0, 1, 2, 4
_TENSOR_MAP_NAME, _TENSOR_MAP_INDEX = 0, 1

_CUSTOM = 32
_SCHEMA_VERSION = 3
_MAX_DIMENSIONS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One entry point: its key and its tensors by the names a caller uses, in the file's order.

    `input_tensors` are what the inputs' tensors are called in the graph: the names that a runtime without
    signatures knows.
    """

    key: str
    subgraph: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    input_tensors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """One graph: its inputs and outputs by tensor name, in the order of the interpreter's indices."""

    name: str | None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    tensors: int
    operators: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteConstant:
    """One buffer of constants: the first tensor over it, and the op that reads that first (None: none does)."""

    tensor: TensorSpec
    op: str | None
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TfliteModel:
    """A .tflite file. `op_counts`, `constants` and `parameters_bytes` (shared ones once) span all subgraphs.

    `min_runtime_version` is what the converter noted as the oldest runtime that has all the operators.
    """

    schema_version: int
    description: str | None
    min_runtime_version: str | None
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...]
    op_counts: dict[str, int]
    parameters_bytes: int
    metadata: tuple[str, ...]
    constants: tuple[TfliteConstant, ...] = ()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Of the first signature, by its names; without signatures, of the first subgraph."""
        return self.signatures[0].inputs if self.signatures else self.subgraphs[0].inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.signatures[0].outputs if self.signatures else self.subgraphs[0].outputs


def read_tflite(path: Path) -> TfliteModel:
    """The model in `path`; ModelError names the file and what is wrong with it."""
    if model_format(path) != "tflite":
        raise ModelError(f"{path} is not a TFLite model", fix="give a .tflite file")
    try:
        data = path.read_bytes()
    except OSError as e:
        raise ModelError(f"{path} cannot be read: {e.strerror}") from e
    try:
        return parse_tflite(data)
    except ModelError as e:
        raise ModelError(f"{path} is {e.message}", fix=e.fix or "fetch or build the file again") from e


def parse_tflite(data: bytes) -> TfliteModel:
    """The model in `data`; the message of a ModelError completes the sentence "the file is …"."""
    if data[4:8] != TFLITE_IDENTIFIER:
        raise ModelError(f"not a TFLite model: its identifier is {data[4:8]!r}")
    buffer = FlatBuffer(data)
    root = buffer.root()
    version = root.integer(_MODEL_VERSION, "I")
    if version != _SCHEMA_VERSION:
        raise ModelError(f"a TFLite model of schema version {version}; only {_SCHEMA_VERSION} is known")
    sizes = [_buffer_bytes(buffer, table) for table in root.tables(_MODEL_BUFFERS)]
    opcodes = [_opcode_name(table) for table in root.tables(_MODEL_OPCODES)]
    graphs = [_Graph(table, opcodes, sizes) for table in root.tables(_MODEL_SUBGRAPHS)]
    if not graphs:
        raise ModelError("damaged: it has no graph")
    counts: Counter[str] = sum((graph.op_counts for graph in graphs), Counter())
    constants: dict[int, TfliteConstant] = {}
    for graph in graphs:
        constants = {**graph.constants, **constants}
    metadata = _metadata(data, root, sizes)
    return TfliteModel(
        schema_version=version,
        description=root.text(_MODEL_DESCRIPTION),
        min_runtime_version=metadata.get("min_runtime_version") or None,
        subgraphs=tuple(graph.described() for graph in graphs),
        signatures=tuple(_signature(table, graphs) for table in root.tables(_MODEL_SIGNATURES)),
        op_counts=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
        parameters_bytes=sum(constant.size_bytes for constant in constants.values()),
        metadata=tuple(metadata),
        constants=tuple(constants.values()),
    )


def read_op_versions(path: Path) -> dict[str, tuple[int, ...]]:
    """The versions in which a file declares each of its operators, which is what a runtime looks up."""
    read_tflite(path)
    found: dict[str, set[int]] = {}
    for table in FlatBuffer(path.read_bytes()).root().tables(_MODEL_OPCODES):
        # files from before versions have 0, which a runtime takes for 1
        found.setdefault(_opcode_name(table), set()).add(max(1, table.integer(_OPCODE_VERSION, "i", default=1)))
    return {name: tuple(sorted(versions)) for name, versions in sorted(found.items())}


def read_operators(path: Path) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The first graph's name (`main` without one), and type and first output tensor of its operators in order."""
    read_tflite(path)
    root = FlatBuffer(path.read_bytes()).root()
    opcodes = [_opcode_name(table) for table in root.tables(_MODEL_OPCODES)]
    graph = root.tables(_MODEL_SUBGRAPHS)[0]
    names = [table.text(_TENSOR_NAME) or "" for table in graph.tables(_GRAPH_TENSORS)]
    operators = []
    for operator in graph.tables(_GRAPH_OPERATORS):
        outputs = [i for i in operator.integers(_OPERATOR_OUTPUTS) or () if i != -1]
        kind = opcodes[operator.integer(_OPERATOR_OPCODE, "I")]
        operators.append((kind, names[outputs[0]] if outputs else ""))
    return graph.text(_GRAPH_NAME) or "main", tuple(operators)


class _Graph:
    """A subgraph while it is read: tensors by index, since signatures point at them."""

    def __init__(self, table: Table, opcodes: list[str], sizes: list[tuple[int, int]]) -> None:
        self.name = table.text(_GRAPH_NAME)
        tensors = table.tables(_GRAPH_TENSORS)
        self.tensors = [_tensor(tensor) for tensor in tensors]
        buffers = [_index(t.integer(_TENSOR_BUFFER, "I"), sizes, "buffer") for t in tensors]
        self.inputs = self._tensors_at(table.integers(_GRAPH_INPUTS))
        self.outputs = self._tensors_at(table.integers(_GRAPH_OUTPUTS))
        operators = table.tables(_GRAPH_OPERATORS)
        self.operators = len(operators)
        self.op_counts: Counter[str] = Counter()
        readers: dict[int, str] = {}
        for operator in operators:
            opcode = _index(operator.integer(_OPERATOR_OPCODE, "I"), opcodes, "operator code")
            self.op_counts[opcodes[opcode]] += 1
            for field in (_OPERATOR_INPUTS, _OPERATOR_OUTPUTS):
                # -1 stands for an optional tensor that is left out.
                used = tuple(i for i in operator.integers(field) or () if i != -1)
                self._tensors_at(used)
                for tensor in used:
                    readers.setdefault(tensor, opcodes[opcode])
        self.constants: dict[int, TfliteConstant] = {}
        for place, index in enumerate(buffers):
            if sizes[index][1] and index not in self.constants:
                self.constants[index] = TfliteConstant(
                    tensor=self.tensors[place], op=readers.get(place), size_bytes=sizes[index][1]
                )

    def _tensors_at(self, indices: tuple[int, ...] | None) -> tuple[TensorSpec, ...]:
        return tuple(self.tensors[_index(i, self.tensors, "tensor")] for i in indices or ())

    def described(self) -> Subgraph:
        return Subgraph(
            name=self.name,
            inputs=self.inputs,
            outputs=self.outputs,
            tensors=len(self.tensors),
            operators=self.operators,
        )


def _index(index: int, items: Sized, what: str) -> int:
    if not 0 <= index < len(items):
        raise ModelError(f"damaged: it refers to {what} {index} of {len(items)}")
    return index


def _tensor(table: Table) -> TensorSpec:
    shape = table.integers(_TENSOR_SHAPE) or ()
    open_shape = table.integers(_TENSOR_OPEN_SHAPE) or ()
    dimensions = open_shape if len(open_shape) == len(shape) else shape
    if len(dimensions) > _MAX_DIMENSIONS or any(dimension < -1 for dimension in dimensions):
        raise ModelError(f"damaged: a tensor has the shape {list(dimensions[:_MAX_DIMENSIONS])}")
    return TensorSpec(
        name=table.text(_TENSOR_NAME) or "",
        dtype=dtype_name(table.integer(_TENSOR_TYPE, "b")),
        shape=tuple(None if dimension == -1 else dimension for dimension in dimensions),
    )


def _opcode_name(table: Table) -> str:
    # Files older than 2020 have only the one-byte field; newer ones fill it too, capped at 127.
    number = max(table.integer(_OPCODE_OLD, "b"), table.integer(_OPCODE_NEW, "i"))
    if number == _CUSTOM:
        return table.text(_OPCODE_CUSTOM) or "CUSTOM"
    return operator_name(number)


def _buffer_bytes(buffer: FlatBuffer, table: Table) -> tuple[int, int]:
    """Start and length of a buffer's data, which in files over 2 GB lies behind the tables."""
    inline = table.bytes_at(_BUFFER_DATA)
    if inline is not None:
        return inline
    offset, size = table.integer(_BUFFER_OFFSET, "Q"), table.integer(_BUFFER_SIZE, "Q")
    if offset <= 1:
        return 0, 0
    buffer.inside(offset, size)
    return offset, size


def _metadata(data: bytes, root: Table, sizes: list[tuple[int, int]]) -> dict[str, str]:
    """The text behind each metadata name; what is not short text (an embedded file) gives ''."""
    found = {}
    for table in root.tables(_MODEL_METADATA):
        start, length = sizes[_index(table.integer(_METADATA_BUFFER, "I"), sizes, "buffer")]
        raw = data[start : start + min(length, 64)].rstrip(b"\x00")
        is_text = length <= 64 and raw.isascii() and raw.decode("latin-1").isprintable()
        found[table.text(_METADATA_NAME) or ""] = raw.decode("ascii") if is_text else ""
    return found


def _signature(table: Table, graphs: list[_Graph]) -> Signature:
    subgraph = table.integer(_SIGNATURE_SUBGRAPH, "I")
    if subgraph >= len(graphs):
        raise ModelError(f"damaged: a signature refers to graph {subgraph} of {len(graphs)}")
    tensors = graphs[subgraph].tensors

    def named(field: int) -> list[tuple[str, TensorSpec]]:
        """Tensors as the graph calls them, each after the signature's name for it."""
        found = []
        for entry in table.tables(field):
            spec = tensors[_index(entry.integer(_TENSOR_MAP_INDEX, "I"), tensors, "tensor")]
            found.append((entry.text(_TENSOR_MAP_NAME) or spec.name, spec))
        return found

    inputs = named(_SIGNATURE_INPUTS)
    return Signature(
        key=table.text(_SIGNATURE_KEY) or "",
        subgraph=subgraph,
        inputs=tuple(replace(spec, name=name) for name, spec in inputs),
        outputs=tuple(replace(spec, name=name) for name, spec in named(_SIGNATURE_OUTPUTS)),
        input_tensors=tuple(spec.name for _, spec in inputs),
    )
