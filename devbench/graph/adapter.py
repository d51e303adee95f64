"""The one place that calls TensorFlow's own graph transforms, which its wheels carry as a private extension.

Seen in the wheels of 2.18 and 2.21. The call takes four byte strings and holds the interpreter until it ends; it
may also crash or never end, so it runs in a process of its own (`worker.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from devbench.errors import MissingExtra, ModelError
from devbench.graph.graph_bytes import versions_of, with_ops, with_versions, without_lost_places
from devbench.graph.pb_faults import input_name, listed
from devbench.graph.pb_file import PbGraph, parse_graph
from devbench.graph.transform_spec import native_specs
from devbench.graph.transform_string import TransformCall
from devbench.graph.transforms import TransformContext, load_transform
from devbench.graph.weights import refuse_infinity, without_range

if TYPE_CHECKING:
    from types import ModuleType

TESTED_VERSIONS = ("2.18", "2.21")
# quantize_weights looks for the op Const: what is to stay as it is gets another name as long, for that time
_CONST, _HIDDEN = b"Const", b"_Zero"
_ROUNDED_FROM = 16
_QUANTISED_FROM = "1024"


def tensorflow_tool() -> str:
    """'tensorflow 2.21.0'; MissingExtra where there is none."""
    return f"tensorflow {_tensorflow().__version__}"


def apply_call(
    graph: bytes, call: TransformCall, *, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[bytes, list[str]]:
    """The graph after one transform, and sentences about it; ModelError says what the transform refused."""
    notes: list[str] = []
    call = call.without("ignore_errors")
    change = _native if call.name in native_specs() else _own
    changed, lost = without_lost_places(change(graph, call, inputs, outputs, notes))
    if lost:
        notes.append(f"{lost} nodes were to be on the device of nodes that are gone, and are free now")
    return changed, notes


def _own(
    graph: bytes, call: TransformCall, inputs: Sequence[str], outputs: Sequence[str], notes: list[str]
) -> bytes:
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from tensorflow.core.framework.graph_pb2 import GraphDef

    try:
        parsed = GraphDef.FromString(graph)
    except DecodeError as e:
        raise ModelError(f"{call.name}: the graph is damaged: {e}") from e
    context = TransformContext(call=call, inputs=tuple(inputs), outputs=tuple(outputs), notes=notes)
    return cast(bytes, load_transform(call.name).apply(parsed, context).SerializeToString())


def _native(
    graph: bytes, call: TransformCall, inputs: Sequence[str], outputs: Sequence[str], notes: list[str]
) -> bytes:
    transform = _extension()
    prepared = graph
    if call.name in ("quantize_weights", "round_weights"):
        prepared = _guard_weights(graph, parse_graph(graph), call, notes)
    # only fold_constants tells the outputs of one node apart; others take a node's name literally
    if call.name != "fold_constants":
        inputs, outputs = [input_name(i) for i in inputs], [input_name(o) for o in outputs]
    names = ",".join(inputs).encode(), ",".join(outputs).encode()
    try:
        result = transform(prepared, *names, native_text(call).encode())
    except (ValueError, RuntimeError, TypeError) as e:
        raise ModelError(f"{call.name}: {' '.join(str(e).split())[:600]}") from e
    if prepared is not graph:
        hidden = [node for node in parse_graph(result).nodes if node.op == _HIDDEN.decode()]
        result = with_ops(result, hidden, _CONST)
    return with_versions(result, versions_of(graph))


def native_text(call: TransformCall) -> str:
    """The call as TensorFlow's code takes it: its own names for transforms and truth, nodes without a port."""
    spec = native_specs()[call.name]
    kinds = {parameter.name: parameter.kind for parameter in spec.parameters}
    spelled = {"bool": str.lower, "node": input_name}
    pairs = tuple((name, spelled.get(kinds[name], str)(value)) for name, value in call.parameters)
    return " ".join(TransformCall(name=n, parameters=pairs).text() for n in spec.calls or (call.name,))


def _guard_weights(data: bytes, graph: PbGraph, call: TransformCall, notes: list[str]) -> bytes:
    """The graph in which quantize_weights does not see constants it would make NaN of."""
    if call.name == "round_weights":
        refuse_infinity(data, graph, least=_ROUNDED_FROM, transform=call.name)
        return data
    least = int(call.value("minimum_size", _QUANTISED_FROM))
    refuse_infinity(data, graph, least=least, transform=call.name)
    zeros = without_range(data, graph, least=least)
    if not zeros:
        return data
    notes.append(
        f"{len(zeros)} constants that are zero throughout stay in float, because quantize_weights makes NaN of"
        f" them: {listed(node.name for node in zeros)}"
    )
    return with_ops(data, zeros, _HIDDEN)


def _extension() -> Callable[[bytes, bytes, bytes, bytes], bytes]:
    version = _tensorflow().__version__
    try:
        from tensorflow.python.util._pywrap_transform_graph import TransformGraphWithStringInputs
    except ImportError as e:
        raise MissingExtra(
            f"TensorFlow {version} lacks the graph transforms (its private module _pywrap_transform_graph)",
            fix=f"use a version known to have them: {' or '.join(TESTED_VERSIONS)}",
        ) from e
    return cast("Callable[[bytes, bytes, bytes, bytes], bytes]", TransformGraphWithStringInputs)


def _tensorflow() -> ModuleType:
    try:
        import tensorflow
    except ImportError as e:
        raise MissingExtra("graph transforms need TensorFlow", fix='pip install "devbench[models]"') from e
    return cast("ModuleType", tensorflow)
