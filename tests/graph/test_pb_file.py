"""A .pb is described without TensorFlow, told apart from what it is not, and survives any damage."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_graphs import FLOAT, INT32, QUINT8, Graph, dtype, function, function_def, node, part, shape, tensor
from typer.testing import CliRunner

from devbench.cli.app import app
from devbench.errors import ModelError
from devbench.graph.graph_bytes import versions_of, with_ops, with_versions
from devbench.graph.model_file import read_variant
from devbench.graph.pb_faults import find_cycle, find_faults, needed_nodes
from devbench.graph.pb_file import parse_graph, read_pb
from devbench.graph.summary import summarise
from devbench.variants.package import models_folder


def network() -> Graph:
    graph = Graph(producer=26, min_consumer=12)
    graph.add("image", "Placeholder", dtype=dtype(FLOAT), shape=shape(-1, 4, 4, 2))
    graph.constant("weights", [0.5] * 36, 3, 3, 2, 2)
    graph.float_op("read", "Identity", "weights")
    graph.conv("conv", "image", "read")
    graph.constant("low", 0.0)
    graph.constant("high", 6.0)
    graph.float_op("least", "Maximum", "conv", "low")
    graph.float_op("result", "Minimum", "least", "high", _output_shapes=part(1, part(7, part(2, b"\x08\x03"))))
    graph.add("saver", "NoOp", "^conv")
    return graph


def test_a_graph_is_described(tmp_path: Path) -> None:
    """Inputs with open dimensions, outputs, parameters, versions, and each byte of the file in one place."""
    path = tmp_path / "net.pb"
    path.write_bytes(network().bytes)
    summary = summarise(path)
    assert [(t.name, t.dtype, t.shape) for t in summary.inputs] == [("image", "float32", (None, 4, 4, 2))]
    assert [(t.name, t.dtype, t.shape) for t in summary.outputs] == [("result", "float32", (3,))]
    assert (summary.parameters, summary.nodes) == (38, 9)
    assert summary.versions == {"producer": "26", "min_consumer": "12"}
    assert summary.faults == ()
    assert sum(op.size_bytes for op in summary.ops) + summary.other_bytes == path.stat().st_size
    conv = next(op for op in summary.ops if op.op == "Conv2D")
    assert conv.constant_bytes > 36 * 4, "weights count for the op that reads them, through Identity"
    first = summary.largest[0]
    assert (first.name, first.op, first.dtype, first.shape) == ("weights", "Conv2D", "float32", (3, 3, 2, 2))


def test_tensorflow_reads_the_same(tf: object) -> None:
    """Our reader and our builder agree with TensorFlow's own protocol buffers."""
    from tensorflow_process import TensorFlow, described

    assert isinstance(tf, TensorFlow)
    graph = network()
    graph.functions.append(function_def("f", ["x"], {"y": "z:z:0"}, [node("z", "Neg", "x", T=dtype(FLOAT))]))
    ours = parse_graph(graph.bytes)
    assert tf.call(described, graph.bytes) == {
        "nodes": [(n.name, n.op, list(n.inputs)) for n in ours.nodes],
        "versions": (ours.producer, ours.min_consumer),
        "functions": [(f.name, len(f.nodes)) for f in ours.functions],
        "elements": sum(n.tensor.elements for n in ours.nodes if n.tensor),
    }


def faults(graph: Graph) -> dict[str, str]:
    return {fault.kind: fault.sentence for fault in find_faults(parse_graph(graph.bytes))}


def test_what_is_wrong_with_a_graph_is_named() -> None:
    """Two nodes of one name, inputs that are missing, circles, variables, functions that are not there."""
    graph = Graph()
    graph.input("x", 1)
    graph.float_op("a", "Add", "x", "b:0")
    graph.float_op("b", "Relu", "^c")
    graph.float_op("c", "Neg", "a")
    graph.float_op("d", "Add", "gone", "x")
    graph.float_op("x", "Neg", "x")
    graph.add("v", "VarHandleOp", dtype=dtype(FLOAT), shape=shape(2))
    graph.add("call", "PartitionedCall", "x", f=function("nowhere"))
    found = faults(graph)
    assert set(found) == {"duplicate-name", "missing-input", "cycle", "variables", "missing-function"}
    assert "gone (for d)" in found["missing-input"]
    assert "v" in found["variables"] and "nowhere" in found["missing-function"]
    assert faults(network()) == {}


def test_a_circle_is_told_in_its_order_and_a_loop_of_tensorflow_1_is_none() -> None:
    graph = Graph()
    graph.input("x", 1)
    graph.float_op("a", "Add", "x", "c")
    graph.float_op("b", "Relu", "a")
    graph.float_op("c", "Neg", "b")
    graph.float_op("behind", "Neg", "c")
    assert sorted(find_cycle(parse_graph(graph.bytes))) == ["a", "b", "c"]
    loop = Graph()
    loop.input("x", 1)
    loop.float_op("enter", "Enter", "x")
    loop.float_op("merge", "Merge", "enter", "next")
    loop.float_op("next", "NextIteration", "merge")
    assert find_cycle(parse_graph(loop.bytes)) == []


def test_needed_nodes_stop_at_the_inputs() -> None:
    graph = parse_graph(network().bytes)
    assert needed_nodes(graph, inputs=["conv"], outputs=["result:0"]) == {"result", "least", "high", "low", "conv"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\x12\x00", "no node in it"),
        (b"\x0a\x03\x0a\x01a", "has no op"),
        (network().bytes[:-3], "truncated or damaged"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "truncated or damaged"),
        (b"\x0b", "truncated or damaged"),
        (bytes(64), "truncated or damaged"),
        (b'node {\n  name: "a"\n  op: "Placeholder"\n}\n', "as text"),
        (b"\x08\x01\x12\x40" + bytes(64), "SavedModel"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    ],
)
def test_what_is_no_graph_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "some.pb"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=says) as caught:
        summarise(path)
    assert str(path) in caught.value.message and caught.value.fix


def test_a_saved_model_folder_gets_the_way_to_freeze_it(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    with pytest.raises(ModelError, match="SavedModel folder") as caught:
        summarise(tmp_path)
    assert caught.value.fix is not None and "convert_variables_to_constants_v2" in caught.value.fix


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_gives_a_summary_or_an_error(data: st.DataObject) -> None:
    """Whatever bytes are changed or cut, nothing but ModelError comes out."""
    content = bytearray(network().bytes)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        try:
            find_faults(parse_graph(damaged))
        except ModelError as e:
            assert e.message


def test_huge_claims_cost_nothing() -> None:
    """A constant that claims 2^90 elements, and a name that is referred to a thousand times."""
    graph = Graph()
    claim = part(8, b"\x08\x01" + part(2, part(2, b"\x08" + b"\xff" * 4 + b"\x0f") * 3) + part(5, b"\x00" * 4))
    graph.add("c", "Const", dtype=dtype(FLOAT), value=claim)
    graph.add("sum", "AddN", *["c"] * 1000, T=dtype(FLOAT))
    found = parse_graph(graph.bytes)
    assert found.nodes[0].tensor is not None and found.nodes[0].tensor.elements > 2**90


def test_versions_and_ops_are_changed_in_the_bytes() -> None:
    """What a transform forgot is put back, an empty library goes, and everything else stays as it was."""
    original = network().bytes
    bare = with_versions(original, [])
    assert parse_graph(bare).producer is None
    assert with_versions(bare + b"\x12\x00", versions_of(original)) == original
    graph = parse_graph(original)
    hidden = with_ops(original, [n for n in graph.nodes if n.name == "weights"], b"_Zero")
    assert [n.op for n in parse_graph(hidden).nodes if n.name in ("weights", "low")] == ["_Zero", "Const"]
    with pytest.raises(ValueError, match="not as long"):
        with_ops(original, graph.nodes[:1], b"X")


def test_quantised_types_are_named() -> None:
    graph = Graph()
    graph.add("q", "Const", dtype=dtype(QUINT8), value=tensor([1, 2], [2], QUINT8))
    graph.add("i", "Const", dtype=dtype(INT32), value=tensor([1, 2], [2], INT32))
    assert [n.tensor.dtype for n in parse_graph(graph.bytes).nodes if n.tensor] == ["quint8", "int32"]


def test_the_command_prints_a_table_json_and_a_picture(tmp_path: Path) -> None:
    """`devbench graph` for both formats, with every byte accounted for in the JSON."""
    path = tmp_path / "net.pb"
    path.write_bytes(network().bytes)
    for file in (path, models_folder() / "small-cnn-int8.tflite"):
        shown = CliRunner().invoke(app, ["graph", str(file)])
        assert shown.exit_code == 0 and "inputs:" in shown.stdout
        picture = tmp_path / f"{file.stem}.svg"
        found = CliRunner().invoke(app, ["graph", str(file), "--json", "--picture", str(picture)])
        data = json.loads(found.stdout)
        accounted = sum((op["node_bytes"] or 0) + op["constant_bytes"] for op in data["ops"]) + data["other_bytes"]
        assert accounted == data["size_bytes"] == file.stat().st_size
        assert picture.read_text("utf-8").count("<text") > 4
    wrong = CliRunner().invoke(app, ["graph", str(path), "--picture", str(tmp_path / "x.jpg")])
    assert wrong.exit_code != 0


def test_a_broken_graph_is_summarised_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "net.pb"
    graph = network()
    graph.add("v", "VariableV2", dtype=dtype(FLOAT), shape=shape(2))
    path.write_bytes(graph.bytes)
    assert "not frozen: v" in summarise(path).faults[0]


def test_describing_needs_no_tensorflow(tmp_path: Path) -> None:
    """The core install describes a .pb: nothing heavy is imported."""
    path = tmp_path / "net.pb"
    path.write_bytes(network().bytes)
    code = (
        "import sys; from pathlib import Path; from devbench.graph.summary import summarise; "
        f"summarise(Path({str(path)!r})); print({{'tensorflow', 'numpy', 'google'}} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"


def test_reading_by_name_and_as_a_variant_is_consistent(tmp_path: Path) -> None:
    path = tmp_path / "net.pb"
    path.write_bytes(network().bytes)
    variant = read_variant(path)
    assert (variant.format, variant.variant, variant.size_bytes) == ("pb", "net", path.stat().st_size)
    assert [(t.name, t.shape) for t in variant.inputs] == [("image", (None, 4, 4, 2))]
    assert variant.op_counts["Const"] == len([n for n in read_pb(path).nodes if n.op == "Const"])
