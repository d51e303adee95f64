"""One process with TensorFlow for all tests of this folder; a test that kills it gets a new one for the next."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from devbench.graph.adapter import apply_call
from devbench.graph.parity import Parity, Reference, compare, reference_run
from devbench.graph.pb_file import PbNode, parse_graph
from devbench.graph.transform_check import check_calls
from devbench.graph.transform_string import parse_transforms


class TensorFlow:
    """Calls devbench's own functions in the other process, one at a time."""

    def __init__(self) -> None:
        self._pool = self._new()

    def _new(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return self._pool.submit(function, *args, **kwargs).result(timeout=120)
        except BrokenProcessPool:
            self._pool = self._new()
            raise

    def apply(
        self, graph: bytes, transforms: str, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()
    ) -> bytes:
        """The graph after a transforms string, which is checked as ever."""
        calls = parse_transforms(transforms)
        check_calls(calls)
        for call in calls:
            graph, self.notes = self.call(apply_call, graph, call, inputs=tuple(inputs), outputs=tuple(outputs))
        return graph

    def apart(self, graph: bytes, changed: bytes, *, inputs: Sequence[str], outputs: Sequence[str]) -> float:
        """How far the outputs of two graphs are apart on seeded inputs; they are not all zero."""
        parity: Parity = self.call(_compared, graph, changed, tuple(inputs), tuple(outputs))
        assert parity.reference_max_abs > 1e-3
        return parity.max_abs

    def run(self, graph: bytes, outputs: Sequence[str], **feeds: Any) -> dict[str, Any]:
        """What TensorFlow computes, as NumPy arrays by tensor name."""
        return self.call(_run, graph, tuple(outputs), feeds)

    def close(self) -> None:
        self._pool.shutdown()


def _compared(graph: bytes, changed: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> Parity:
    reference: Reference = reference_run(graph, inputs=inputs, outputs=outputs, calls=(), seed=1)
    return compare(changed, reference)


def _run(graph: bytes, outputs: Sequence[str], feeds: dict[str, Any]) -> dict[str, Any]:
    from devbench.graph.parity import _Session

    return _Session(graph).run({f"{name}:0": values for name, values in feeds.items()}, [f"{o}:0" for o in outputs])


def ops(graph: bytes) -> list[str]:
    """The op of each node, in order."""
    return [node.op for node in parse_graph(graph).nodes]


def find(graph: bytes, name: str) -> PbNode:
    return next(node for node in parse_graph(graph).nodes if node.name == name)


def described(graph: bytes) -> dict[str, Any]:
    """What TensorFlow's own protocol buffers read, to be compared with devbench's reader."""
    from tensorflow import make_ndarray
    from tensorflow.core.framework.graph_pb2 import GraphDef

    parsed = GraphDef.FromString(graph)
    return {
        "nodes": [(n.name, n.op, list(n.input)) for n in parsed.node],
        "versions": (parsed.versions.producer, parsed.versions.min_consumer),
        "functions": [(f.signature.name, len(f.node_def)) for f in parsed.library.function],
        "elements": sum(make_ndarray(n.attr["value"].tensor).size for n in parsed.node if n.op == "Const"),
    }
