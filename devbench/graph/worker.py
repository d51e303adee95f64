"""The process in which transforms run: one after another, each told before and after, line by line.

A process of its own keeps devbench light, takes TensorFlow's chatter away, and turns its crashes and endless loops
into errors. Started by `child.py` with a file of what to do; each line on stdout is a JSON object, all else is log.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from devbench.domain.codec import Json, from_json, to_json
from devbench.errors import DevbenchError, ModelError, UsageError
from devbench.graph.adapter import apply_call, tensorflow_tool
from devbench.graph.hazards import endless_reason
from devbench.graph.parity import Reference, compare, reference_run
from devbench.graph.pb_file import PbGraph, parse_graph
from devbench.graph.transform_input import check_graph, ends_of
from devbench.graph.transform_report import TransformStep, op_changes
from devbench.graph.transform_string import TransformCall
from devbench.graph.weights import refuse_nan
from devbench.stats.parity import NoParity, Parity

# how far outputs are apart, or why that is not known
Measured = tuple[Parity | None, str | None]
_CHANGED_NOTHING, _CHANGED_ORDER = "changed nothing", "changed nothing but the order of nodes"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _MOST_MMAP = -1, -3, 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformRequest:
    """Files and what to do; inputs and outputs are None where they are to be guessed from the graph."""

    in_graph: str
    in_is_text: bool
    out_file: str
    out_as_text: bool
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...] | None
    calls: tuple[TransformCall, ...]
    with_parity: bool
    seed: int


def main(argv: list[str]) -> int:
    events = _stdout_for_events_only()
    request = from_json(TransformRequest, json.loads(Path(argv[1]).read_text(encoding="utf-8")))
    try:
        run_request(request, events)
    except DevbenchError as e:
        usage = isinstance(e, UsageError)
        _tell(events, event="failed", message=e.message, fix=e.fix, usage=usage)
        return 1
    except Exception as e:
        traceback.print_exc()
        _tell(events, event="failed", message=f"{type(e).__name__}: {str(e)[:400]}", fix=None, usage=False)
        return 1
    return 0


def run_request(request: TransformRequest, events: TextIO) -> None:
    """Events: `begin` before anything that may take long, `step` after each transform, `done` with the names."""
    _begin(events, "loading TensorFlow", timed=False)
    _keep_freed_memory()
    tool = tensorflow_tool()
    data = _read(request)
    graph = parse_graph(data)
    inputs, outputs = ends_of(graph, request.inputs, request.outputs)
    said = check_graph(graph, request.calls, inputs=inputs, outputs=outputs)
    refuse_nan(data, graph)
    reference: Reference | str = "not asked for"
    if request.with_parity:
        _begin(events, "running the graph as it is", for_parity=True)
        reference = _reference(data, request, inputs, outputs)
    parity: Measured = (None, reference) if isinstance(reference, str) else (reference.unchanged(), None)
    for call in request.calls:
        endless = endless_reason(call.name, graph)
        _begin(events, f"applying {call.text()}", endless=endless)
        changed, step = _step(data, graph, call, inputs, outputs)
        after = _after(call, changed)
        # a graph that is the same computes the same, and is not run again
        same = step.ignored_error is not None or {_CHANGED_NOTHING, _CHANGED_ORDER} & set(step.notes)
        if not isinstance(reference, str) and not same:
            _begin(events, f"running the graph after {call.name}", for_parity=True)
            parity = _parity(changed, reference)
        step, said = _finished(replace(step, notes=(*said, *step.notes)), graph, after, *parity), ()
        _tell(events, event="step", step=to_json(step))
        data, graph = changed, after
    _write(request, data)
    _tell(events, event="done", tool=tool, inputs=list(inputs), outputs=list(outputs))


def _step(
    data: bytes, graph: PbGraph, call: TransformCall, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> tuple[bytes, TransformStep]:
    notes: list[str] = []
    ignored = None
    start_ns = time.perf_counter_ns()
    try:
        changed, notes = apply_call(data, call, inputs=inputs, outputs=outputs)
    except ModelError as e:
        if not call.flag("ignore_errors"):
            raise
        changed, ignored = data, e.message
    time_ns = time.perf_counter_ns() - start_ns
    sameness = _sameness(changed, data) if ignored is None else None
    if sameness is not None:
        notes = [*notes, sameness]
    elif len(changed) > len(data):
        notes = [*notes, f"made the graph {len(changed) - len(data)} bytes larger"]
    return changed, TransformStep(
        transform=call.text(),
        time_ns=time_ns,
        nodes_before=len(graph.nodes),
        nodes_after=0,
        bytes_before=len(data),
        bytes_after=len(changed),
        ops=(),
        parity_max_abs=None,
        parity_reason=None,
        reference_max_abs=None,
        ignored_error=ignored,
        notes=tuple(notes),
    )


def _after(call: TransformCall, changed: bytes) -> PbGraph:
    try:
        return parse_graph(changed)
    except ModelError as e:
        raise ModelError(
            f"what {call.name} leaves is {e.message}", fix="--outputs says what is to stay"
        ) from e


def _sameness(changed: bytes, data: bytes) -> str | None:
    """A sentence when the graphs compute the same for being the same.

    Attributes are a map, which TensorFlow writes in any order: bytes alone do not tell.
    """
    from tensorflow.core.framework.graph_pb2 import GraphDef

    if len(changed) != len(data):
        return None
    if changed == data:
        return _CHANGED_NOTHING
    before, after = GraphDef.FromString(data), GraphDef.FromString(changed)
    if before == after:
        return _CHANGED_NOTHING
    nodes = {node.name: node for node in before.node}
    if before.library != after.library or len(before.node) != len(after.node):
        return None
    return _CHANGED_ORDER if all(nodes.get(node.name) == node for node in after.node) else None


def _finished(
    step: TransformStep, before: PbGraph, after: PbGraph, parity: Parity | None, reason: str | None
) -> TransformStep:
    return replace(
        step,
        nodes_after=len(after.nodes),
        ops=op_changes(before, after),
        parity_max_abs=None if parity is None else parity.max_abs,
        reference_max_abs=None if parity is None else parity.reference_max_abs,
        parity_reason=reason,
    )


def _reference(
    data: bytes, request: TransformRequest, inputs: tuple[str, ...], outputs: tuple[str, ...]
) -> Reference | str:
    try:
        return reference_run(data, inputs=inputs, outputs=outputs, calls=request.calls, seed=request.seed)
    except NoParity as e:
        return str(e)


def _parity(changed: bytes, reference: Reference) -> Measured:
    try:
        return compare(changed, reference), None
    except NoParity as e:
        return None, str(e)


def _read(request: TransformRequest) -> bytes:
    path = Path(request.in_graph)
    if not request.in_is_text:
        return path.read_bytes()
    from google.protobuf import text_format  # type: ignore[import-untyped]
    from tensorflow.core.framework.graph_pb2 import GraphDef

    try:
        graph = text_format.Parse(path.read_text(encoding="utf-8"), GraphDef())
    except (text_format.ParseError, UnicodeDecodeError) as e:
        raise ModelError(f"{path} is no TensorFlow graph as text: {e}") from e
    return bytes(graph.SerializeToString())


def _write(request: TransformRequest, data: bytes) -> None:
    path = Path(request.out_file)
    if not request.out_as_text:
        path.write_bytes(data)
        return
    from google.protobuf import text_format
    from tensorflow.core.framework.graph_pb2 import GraphDef

    path.write_text(text_format.MessageToString(GraphDef.FromString(data)), encoding="utf-8")


def _keep_freed_memory() -> None:
    """Graphs of 100 MB are copied at every transform; giving the memory back each time takes half the time."""
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, _MOST_MMAP)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    except (OSError, AttributeError):
        pass  # not glibc: only slower


def _stdout_for_events_only() -> TextIO:
    """The real stdout for events; file descriptor 1 becomes stderr, since TensorFlow's C++ writes there too."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _begin(
    events: TextIO, what: str, *, endless: str | None = None, timed: bool = True, for_parity: bool = False
) -> None:
    _tell(events, event="begin", what=what, endless=endless, timed=timed, for_parity=for_parity)


def _tell(events: TextIO, **event: Json) -> None:
    events.write(json.dumps(event, allow_nan=False) + "\n")
    events.flush()


if __name__ == "__main__":
    code = main(sys.argv)
    sys.stderr.flush()
    # TensorFlow takes seconds to take itself down, and has nothing to save
    os._exit(code)
