"""What is in a model file and where its bytes are, alike for .pb and .tflite: what `devbench graph` shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from devbench.graph.pb_faults import find_faults, input_name
from devbench.graph.pb_file import PbGraph, PbNode, Shape, read_pb
from devbench.graph.pb_names import INPUT_OPS, NO_OUTPUT_OPS, PASS_THROUGH_OPS
from devbench.graph.sniff import model_format
from devbench.graph.tflite_file import TfliteModel, read_tflite

_LARGEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphTensor:
    """An input or output; dtype and shape are None where the file does not say them."""

    name: str
    dtype: str | None
    shape: Shape | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpBytes:
    """All nodes of one op: how many, what they take themselves, and the constants that they read.

    A constant counts for the first op that reads it (in a .pb through Identity, Dequantize and Cast). `node_bytes`
    is None in a .tflite, whose nodes share their structure: that stands in `other_bytes` of the file.
    """

    op: str
    nodes: int
    node_bytes: int | None
    constant_bytes: int

    @property
    def size_bytes(self) -> int:
        return (self.node_bytes or 0) + self.constant_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantBytes:
    """One constant, in the order of size."""

    name: str
    op: str | None
    dtype: str
    shape: Shape
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFunction:
    """A function in the file (a .tflite: a further subgraph)."""

    name: str
    nodes: int
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphSummary:
    """A model file. `parameters` counts the elements of constants, `largest` holds the 20 largest of them.

    `versions` is what the file says of versions, by its own names; `faults` are sentences about what keeps it
    from being run as it stands; `other_bytes` are neither constants nor nodes (functions, structure, metadata).
    """

    file: str
    format: str
    size_bytes: int
    nodes: int
    inputs: tuple[GraphTensor, ...]
    outputs: tuple[GraphTensor, ...]
    parameters: int
    parameters_bytes: int
    other_bytes: int
    ops: tuple[OpBytes, ...]
    largest: tuple[ConstantBytes, ...]
    functions: tuple[GraphFunction, ...]
    versions: dict[str, str]
    faults: tuple[str, ...]


def summarise(path: Path) -> GraphSummary:
    """The summary of a .pb or .tflite file; ModelError says what the file is instead."""
    if model_format(path) == "tflite":
        return _of_tflite(path, read_tflite(path))
    return summary_of_graph(read_pb(path), file=str(path))


def summary_of_graph(graph: PbGraph, *, file: str) -> GraphSummary:
    readers = constant_readers(graph)
    constants = [node for node in graph.nodes if node.tensor is not None]
    read_bytes: Counter[str] = Counter()
    for node in constants:
        read_bytes[readers.get(node.name) or node.op] += node.size_bytes
    counts = Counter(node.op for node in graph.nodes)
    own: Counter[str] = Counter()
    for node in graph.nodes:
        own[node.op] += 0 if node.tensor is not None else node.size_bytes
    ops = [
        OpBytes(op=op, nodes=count, node_bytes=own[op], constant_bytes=read_bytes[op])
        for op, count in counts.items()
    ]
    largest = [
        ConstantBytes(
            name=node.name, op=readers.get(node.name), dtype=node.tensor.dtype, shape=node.tensor.shape,
            size_bytes=node.size_bytes,
        )
        for node in constants if node.tensor is not None
    ]  # fmt: skip
    return GraphSummary(
        file=file,
        format="pb",
        size_bytes=graph.size_bytes,
        nodes=len(graph.nodes),
        inputs=graph_inputs(graph),
        outputs=graph_outputs(graph),
        parameters=sum(node.tensor.elements for node in constants if node.tensor is not None),
        parameters_bytes=sum(node.size_bytes for node in constants),
        other_bytes=graph.size_bytes - sum(node.size_bytes for node in graph.nodes),
        ops=_ordered(ops),
        largest=_largest(largest),
        functions=tuple(
            GraphFunction(name=f.name, nodes=len(f.nodes), size_bytes=f.size_bytes) for f in graph.functions
        ),
        versions={
            name: str(value)
            for name, value in (("producer", graph.producer), ("min_consumer", graph.min_consumer))
            if value is not None
        },
        faults=tuple(f"it has {fault.sentence}" for fault in find_faults(graph)),
    )


def graph_inputs(graph: PbGraph) -> tuple[GraphTensor, ...]:
    """The placeholders, in the file's order."""
    return tuple(_tensor(node) for node in graph.nodes if node.op in INPUT_OPS)


def graph_outputs(graph: PbGraph) -> tuple[GraphTensor, ...]:
    """Nodes whose result nobody reads, without those that are no results (saving, assertions, summaries)."""
    used = {input_name(reference) for node in graph.nodes for reference in node.inputs}
    return tuple(
        _tensor(node) for node in graph.nodes if node.name not in used and node.op not in NO_OUTPUT_OPS
    )


def constant_readers(graph: PbGraph) -> dict[str, str]:
    """Constant → the op that reads it first, looking through Identity, Dequantize and Cast."""
    consumers: dict[str, PbNode] = {}
    for node in graph.nodes:
        for reference in node.inputs:
            if not reference.startswith("^"):
                consumers.setdefault(input_name(reference), node)
    found = {}
    for node in graph.nodes:
        if node.tensor is None:
            continue
        reader, seen = consumers.get(node.name), {node.name}
        while reader is not None and reader.op in PASS_THROUGH_OPS and reader.name not in seen:
            seen.add(reader.name)
            reader = consumers.get(reader.name, reader)
        if reader is not None:
            found[node.name] = reader.op
    return found


def _tensor(node: PbNode) -> GraphTensor:
    return GraphTensor(name=node.name, dtype=node.dtype, shape=node.shape)


def _of_tflite(path: Path, model: TfliteModel) -> GraphSummary:
    read_bytes: Counter[str] = Counter()
    for constant in model.constants:
        read_bytes[constant.op or "–"] += constant.size_bytes
    counts = {**dict.fromkeys(read_bytes, 0), **model.op_counts}
    size_bytes = path.stat().st_size
    return GraphSummary(
        file=str(path),
        format="tflite",
        size_bytes=size_bytes,
        nodes=sum(model.op_counts.values()),
        inputs=tuple(GraphTensor(name=t.name, dtype=t.dtype, shape=t.shape) for t in model.inputs),
        outputs=tuple(GraphTensor(name=t.name, dtype=t.dtype, shape=t.shape) for t in model.outputs),
        parameters=sum(prod(size or 0 for size in c.tensor.shape) for c in model.constants),
        parameters_bytes=model.parameters_bytes,
        other_bytes=size_bytes - model.parameters_bytes,
        ops=_ordered(
            [
                OpBytes(op=op, nodes=count, node_bytes=None, constant_bytes=read_bytes[op])
                for op, count in counts.items()
            ]
        ),
        largest=_largest(
            [
                ConstantBytes(
                    name=c.tensor.name, op=c.op, dtype=c.tensor.dtype, shape=c.tensor.shape,
                    size_bytes=c.size_bytes,
                )
                for c in model.constants
            ]
        ),
        functions=tuple(
            GraphFunction(name=graph.name or f"#{index}", nodes=graph.operators, size_bytes=None)
            for index, graph in enumerate(model.subgraphs)
            if index > 0
        ),
        versions={"schema": str(model.schema_version)}
        | ({"min_runtime": model.min_runtime_version} if model.min_runtime_version else {}),
        faults=(),
    )  # fmt: skip


def _ordered(ops: Sequence[OpBytes]) -> tuple[OpBytes, ...]:
    return tuple(sorted(ops, key=lambda o: (-o.size_bytes, -o.nodes, o.op)))


def _largest(constants: Sequence[ConstantBytes]) -> tuple[ConstantBytes, ...]:
    return tuple(sorted(constants, key=lambda c: (-c.size_bytes, c.name)))[:_LARGEST]
