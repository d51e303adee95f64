"""What goes into a graph and comes out of it, and which runtime can load it: read off its nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_graphs import FLOAT, Graph, dtype, shape, text, whole

from devbench.errors import ModelError
from devbench.graph.model_file import read_variant
from devbench.graph.op_lists import runtime_ops
from devbench.graph.op_support import unsupported_nodes
from devbench.graph.pb_ends import EndsAsked
from devbench.graph.pb_file import parse_graph


def two_heads() -> Graph:
    """x → hidden → y; x and a placeholder with a default → z; a placeholder that only z needs."""
    graph = Graph(producer=22)
    graph.input("x", -1, 2)
    graph.input("scale", 1)
    graph.constant("one", [1.0], 1)
    graph.add("keep", "PlaceholderWithDefault", "one", dtype=dtype(FLOAT), shape=shape(1))
    graph.float_op("hidden", "Relu", "x")
    graph.float_op("y", "Sigmoid", "hidden")
    graph.float_op("kept", "Mul", "x", "keep")
    graph.float_op("z", "Mul", "kept", "scale")
    return graph


def written(folder: Path, graph: Graph) -> Path:
    path = folder / "graph.pb"
    path.write_bytes(graph.bytes)
    return path


def test_results_are_the_nodes_that_nobody_reads(tmp_path: Path) -> None:
    found = read_variant(written(tmp_path, two_heads()))
    assert found.fetches == ("y", "z")
    # a default stands unless something is fed: dropout's would be on
    assert [(spec.name, spec.shape) for spec in found.inputs] == [("x", (None, 2)), ("scale", (1,))]


def test_inputs_are_those_that_the_results_asked_for_need(tmp_path: Path) -> None:
    path = written(tmp_path, two_heads())
    found = read_variant(path, ends=EndsAsked(outputs=("hidden:0",)))
    assert found.fetches == ("hidden:0",) and [spec.name for spec in found.inputs] == ["x"]
    with pytest.raises(ModelError, match="no node 'hiden'") as caught:
        read_variant(path, ends=EndsAsked(outputs=("hiden",)))
    assert "hidden" in str(caught.value.fix)


def test_a_default_is_the_input_where_there_is_no_other(tmp_path: Path) -> None:
    path = written(tmp_path, two_heads())
    assert [s.name for s in read_variant(path, ends=EndsAsked(outputs=("keep",))).inputs] == ["keep"]


def test_a_shape_that_the_graph_does_not_say_is_asked_for(tmp_path: Path) -> None:
    graph = Graph(producer=22)
    graph.add("x", "Placeholder", dtype=dtype(FLOAT))
    graph.float_op("y", "Relu", "x")
    path = written(tmp_path, graph)
    with pytest.raises(ModelError, match="does not say the shape of its input x") as caught:
        read_variant(path)
    assert "--input-shape x=" in str(caught.value.fix)
    found = read_variant(path, ends=EndsAsked(shapes={"x": "1,8,8,3"}))
    assert found.inputs[0].shape == (1, 8, 8, 3)


@pytest.mark.parametrize(
    ("op", "attributes", "reason"),
    [
        ("AddV2", {}, "it has no such op"),
        ("Sigmoid", {"brand_new": text("v")}, "it has no attribute brand_new"),
        ("Sigmoid", {"T": dtype(3)}, "not for T=int32"),
        ("MatMul", {"T": dtype(1), "transpose_a": whole(5, 0)}, None),
        ("Sigmoid", {"_hint": text("v")}, None),
        ("StridedSlice", {}, "its attribute Index is missing"),
    ],
)
def test_nodes_that_an_old_runtime_cannot_load_are_named(
    op: str, attributes: dict[str, bytes], reason: str | None
) -> None:
    graph = Graph(producer=22)
    graph.input("x", 1, 2)
    graph.add("y", op, "x", **{"T": dtype(FLOAT), **attributes})
    found = unsupported_nodes(parse_graph(graph.bytes), runtime_ops("tfmobile-1.4.0"))
    assert found == (() if reason is None else (f"y ({op}: {reason})",))


def test_a_graph_for_newer_versions_only_is_named() -> None:
    graph = two_heads()
    graph.min_consumer = 10_000
    (found,) = unsupported_nodes(parse_graph(graph.bytes), runtime_ops("tfmobile-1.13.1"))
    assert "version 10000" in found
