"""A graph file goes through a string whole or not at all, and each transform is reported."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from made_graphs import FLOAT, Graph, dtype, shape, wave
from tensorflow_process import TensorFlow, requested
from test_own_transforms import keras_norm, linear
from test_weight_transforms import old_norm
from typer.testing import CliRunner

from devbench.cli.app import app
from devbench.errors import ModelError, UsageError
from devbench.graph.child import run_worker
from devbench.graph.pb_file import parse_graph, read_pb
from devbench.graph.transform import is_text, transform_graph
from devbench.graph.transform_input import check_graph
from devbench.graph.transform_string import parse_transforms
from devbench.graph.worker import TransformRequest


def network() -> Graph:
    graph = Graph(producer=26, min_consumer=12)
    source, channels = linear("Conv2D", graph)
    keras_norm(graph, "bn", source, channels)
    graph.float_op("out", "Relu", "bn/result")
    return graph


def steps(
    tf: TensorFlow, folder: Path, graph: bytes, transforms: str, **changes: Any
) -> list[dict[str, Any]]:
    """The reports of the transforms, or the failure."""
    path = folder / "in.pb"
    path.write_bytes(graph)
    given: dict[str, Any] = {
        "in_graph": str(path), "in_is_text": False, "out_file": str(folder / "out.pb"), "out_as_text": False,
        "inputs": None, "outputs": None, "calls": parse_transforms(transforms), "with_parity": True, "seed": 0,
    }  # fmt: skip
    events: list[dict[str, Any]] = tf.call(requested, TransformRequest(**{**given, **changes}))
    return [e["step"] if e["event"] == "step" else e for e in events if e["event"] in ("step", "failed")]


def test_each_transform_is_reported(tf: TensorFlow, tmp_path: Path) -> None:
    """Nodes and bytes by op before and after add up, parity is measured, and what did nothing says so."""
    graph = network().bytes
    first, second, third = steps(
        tf, tmp_path, graph, "fold_keras_batch_norms remove_device quantize_weights(minimum_size=9)"
    )
    out = (tmp_path / "out.pb").read_bytes()
    assert first["nodes_before"] == len(parse_graph(graph).nodes) and first["bytes_before"] == len(graph)
    assert first["nodes_after"] == second["nodes_before"] == sum(op["nodes_after"] for op in first["ops"])
    assert third["bytes_after"] == len(out) and third["nodes_after"] == len(parse_graph(out).nodes)
    assert first["parity_max_abs"] <= 1e-5 and first["reference_max_abs"] > 0.1 and first["time_ns"] > 0
    assert second["notes"] == ["changed nothing"]
    assert 1e-5 < third["parity_max_abs"] < 0.1
    assert any("larger" in note for note in third["notes"])
    mul = next(op for op in first["ops"] if op["op"] == "Mul")
    assert (mul["nodes_before"], mul["nodes_after"], mul["bytes_after"]) == (3, 0, 0)
    assert (parse_graph(out).producer, parse_graph(out).min_consumer) == (26, 12)


def test_another_order_of_nodes_is_no_change_of_the_graph(tf: TensorFlow, tmp_path: Path) -> None:
    """It is told apart from nothing, and a graph that is the same is not run again."""
    graph = network()
    graph.nodes.reverse()
    first, second = steps(tf, tmp_path, graph.bytes, "sort_by_execution_order sort_by_execution_order")
    assert first["notes"] == ["changed nothing but the order of nodes"]
    assert first["parity_max_abs"] == 0 and first["reference_max_abs"] > 0.1
    assert second["parity_max_abs"] == 0


def test_an_ignored_error_is_reported(tf: TensorFlow, tmp_path: Path) -> None:
    graph = network().bytes
    (step,) = steps(
        tf, tmp_path, graph, "fold_constants(ignore_errors=true)", inputs=("out",), outputs=("out",)
    )
    assert "both fed and fetched" in step["ignored_error"]
    assert (tmp_path / "out.pb").read_bytes() == graph
    (failed,) = steps(tf, tmp_path, graph, "fold_constants", inputs=("out",), outputs=("out",))
    assert "both fed and fetched" in failed["message"]


def test_names_that_are_not_there_are_told_where_they_do_no_harm(tf: TensorFlow, tmp_path: Path) -> None:
    """remove_nodes only keeps nodes of the given names; empty names count for nothing; others refuse."""
    graph = network().bytes
    (step,) = steps(tf, tmp_path, graph, "remove_nodes(op=Identity)", inputs=("",), outputs=("oot",))
    assert "--outputs: the graph has no node 'oot'; did you mean out?" in step["notes"]
    assert step["nodes_after"] < step["nodes_before"]
    (failed,) = steps(
        tf, tmp_path, graph, "remove_nodes(op=Identity) strip_unused_nodes", inputs=("",), outputs=("oot",)
    )
    assert "the graph has no node 'oot'" in failed["message"]


def test_without_known_shapes_there_is_a_reason_and_no_number(tf: TensorFlow, tmp_path: Path) -> None:
    graph = Graph()
    graph.add("x", "Placeholder", dtype=dtype(FLOAT))
    graph.float_op("mid", "Relu", "x")
    graph.float_op("out", "Neg", "mid")
    (step,) = steps(tf, tmp_path, graph.bytes, "remove_device")
    assert step["parity_max_abs"] is None and step["parity_reason"] == "the shape of input x:0 is not known"
    (step,) = steps(tf, tmp_path, graph.bytes, 'strip_unused_nodes(shape="2,3")', inputs=("mid",))
    assert step["parity_max_abs"] == 0
    (step,) = steps(tf, tmp_path, graph.bytes, 'strip_unused_nodes(type=int32, shape="2")', inputs=("mid",))
    assert "cannot load the graph" in step["parity_reason"]
    quantized = steps(tf, tmp_path, network().bytes, "quantize_nodes(input_min=-1, input_max=1)")
    assert "input x:0 has another type now: quint8" in quantized[0]["parity_reason"]
    (step,) = steps(
        tf, tmp_path, network().bytes, "rename_node(old_node_name=out, new_node_name=end)", outputs=("out",)
    )
    assert step["parity_reason"] == "out:0 is not in the graph any more"
    (step,) = steps(tf, tmp_path, network().bytes, "remove_device", with_parity=False)
    assert step["parity_reason"] == "not asked for"


def test_weights_with_nan_are_refused_by_name(tf: TensorFlow, tmp_path: Path) -> None:
    graph = Graph()
    graph.input("x", 3)
    graph.constant("w", [1.0, math.nan, math.inf, -math.inf], 4)
    graph.float_op("out", "Add", "x", "x")
    (failed,) = steps(tf, tmp_path, graph.bytes, "remove_device")
    assert failed["message"] == "the constant w has 1 NaN among 4 values"
    fine = Graph()
    fine.input("x", 3)
    fine.constant("w", [math.inf, -math.inf], 2)
    fine.float_op("out", "Add", "x", "x")
    assert "message" not in steps(tf, tmp_path, fine.bytes, "remove_device")[0], "infinity may be meant"


def test_graphs_as_text_are_read_and_written(tf: TensorFlow, tmp_path: Path) -> None:
    """As TensorFlow's tool did: text in, binary or text out."""
    steps(
        tf, tmp_path, network().bytes, "remove_device", out_as_text=True, out_file=str(tmp_path / "a.pbtxt")
    )
    text = (tmp_path / "a.pbtxt").read_text("utf-8")
    assert text.startswith("node {")
    steps(tf, tmp_path, b"", "remove_device", in_graph=str(tmp_path / "a.pbtxt"), in_is_text=True)
    assert parse_graph((tmp_path / "out.pb").read_bytes()).names == parse_graph(network().bytes).names


def test_a_graph_as_text_is_told_by_how_it_begins(tmp_path: Path) -> None:
    """Whatever the file is called: with a comment, a node, functions or versions."""
    path = tmp_path / "graph.pb"
    for head in ("node {\n", "# made by hand\n\n  node: <", "library{", "versions {", "# a\n#b\nversions: {"):
        path.write_text(head)
        assert is_text(path), head
    for content in (network().bytes, b"\n\x20node_1 {", b"Not a !{ graph", b""):
        path.write_bytes(content)
        assert not is_text(path), content[:20]


def test_a_graph_of_which_nothing_is_left_is_refused(tf: TensorFlow, tmp_path: Path) -> None:
    (failed,) = steps(tf, tmp_path, network().bytes, "strip_unused_nodes", inputs=(), outputs=())
    assert "what strip_unused_nodes leaves is no TensorFlow graph" in failed["message"]


def file_of(tmp_path: Path, graph: Graph) -> Path:
    path = tmp_path / "in.pb"
    path.write_bytes(graph.bytes)
    return path


def refused(tmp_path: Path, graph: Graph, transforms: str = "remove_device", **given: Any) -> str:
    out = tmp_path / "out.pb"
    out.write_bytes(b"as it was")
    with pytest.raises((ModelError, UsageError)) as caught:
        transform_graph(file_of(tmp_path, graph), out, transforms, **given)
    assert out.read_bytes() == b"as it was" and sorted(p.name for p in tmp_path.iterdir()) == [
        "in.pb",
        "out.pb",
    ]
    return str(caught.value)


def test_hostile_graphs_are_refused_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    """Circles, double names, missing inputs, variables: one sentence with names, and nothing is written."""
    graph = network()
    graph.float_op("a", "Neg", "b")
    graph.float_op("b", "Neg", "a")
    assert "a → b → a" in refused(tmp_path, graph) or "b → a → b" in refused(tmp_path, graph)
    graph = network()
    graph.float_op("out", "Neg", "x")
    assert "one name: out" in refused(tmp_path, graph)
    graph = network()
    graph.float_op("end", "Add", "out", "elsewhere")
    assert "elsewhere (for end)" in refused(tmp_path, graph)
    graph = network()
    graph.float_op("spare", "Add", "x", "elsewhere")
    assert "begin the string with strip_unused_nodes" in refused(tmp_path, graph, outputs=("out",))
    graph = network()
    graph.add("v", "VariableV2", dtype=dtype(FLOAT), shape=shape(2))
    graph.float_op("read", "Identity", "v")
    graph.float_op("end", "Add", "out", "read")
    said = refused(tmp_path, graph, "quantize_weights")
    assert "not frozen: v" in said and "freeze it" in said
    calls = parse_transforms("quantize_weights(ignore_errors=true)")
    assert check_graph(parse_graph(graph.bytes), calls, inputs=("x",), outputs=("end",)) == ()


def test_wrong_names_and_strings_are_refused_at_once(tmp_path: Path) -> None:
    assert "did you mean out?" in refused(tmp_path, network(), outputs=("oot",))
    assert "did you mean x?" in refused(tmp_path, network(), inputs=("xx",))
    assert "never closed" in refused(tmp_path, network(), "quantize_weights(minimum_size=3")
    assert "did you mean quantize_weights?" in refused(tmp_path, network(), "quantise_weights")
    with pytest.raises(UsageError, match="does not exist"):
        transform_graph(file_of(tmp_path, network()), tmp_path / "no" / "out.pb", "remove_device")


def test_a_partial_graph_can_be_stripped(tf: TensorFlow, tmp_path: Path) -> None:
    """What the outputs need is whole, and strip_unused_nodes comes first: then it is worked on."""
    graph = network()
    graph.float_op("spare", "Add", "x", "elsewhere")
    (step,) = steps(tf, tmp_path, graph.bytes, "strip_unused_nodes", outputs=("out",))
    assert "spare" not in parse_graph((tmp_path / "out.pb").read_bytes()).names
    assert "cannot load" in step["parity_reason"]


@pytest.mark.usefixtures("tf")
def test_the_command_transforms_a_file_in_its_own_process(tmp_path: Path) -> None:
    """Inputs and outputs are guessed, the report is JSON, and the file is what the report says."""
    path, out = file_of(tmp_path, network()), tmp_path / "out.pb"
    arguments = [
        "--in_graph",
        str(path),
        "--out-graph",
        str(out),
        "--transforms",
        "fold_keras_batch_norms",
        "--json",
    ]
    shown = CliRunner().invoke(app, ["transform", *arguments])
    assert shown.exit_code == 0, shown.output
    report = json.loads(shown.stdout)
    assert (report["inputs"], report["outputs"]) == (["x"], ["out"])
    assert report["steps"][0]["parity_max_abs"] <= 1e-5 and report["tool"].startswith("tensorflow ")
    assert report["steps"][0]["nodes_after"] == len(read_pb(out).nodes) == 6
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.pb", "out.pb"]


@pytest.mark.slow
@pytest.mark.usefixtures("tf")
def test_an_endless_transform_is_stopped_and_explained(tmp_path: Path) -> None:
    """Two old batch norms that share a mean: stopped at the deadline, the shared constant named."""
    graph = old_norm("FusedBatchNorm", shared=True)
    said = refused(tmp_path, graph, "fold_old_batch_norms", deadline_s=1.0, parity=False)
    assert "did not end within 1 s" in said and "here mean" in said


@pytest.mark.slow
@pytest.mark.usefixtures("tf")
def test_a_crash_is_an_error_with_tensorflows_words(tmp_path: Path) -> None:
    graph = Graph()
    graph.input("x", 1, 4, 4, 1)
    graph.constant("w", wave(3), 3, 3, 1, 1)
    graph.conv("c", "x", "w")
    graph.constant("s", [1.0], 1)
    graph.float_op("out", "Mul", "c", "s")
    said = refused(tmp_path, graph, "fold_batch_norms", parity=False)
    assert "applying fold_batch_norms: TensorFlow crashed (signal 6, SIGABRT)" in said


def test_a_silent_or_dying_process_is_told_from_a_slow_one(tmp_path: Path) -> None:
    """The child's ends, without TensorFlow: silence while timed, a signal, an exit code, a refusal."""
    order = tmp_path / "request.json"
    order.write_text("{}")

    def ended(code: str, *, for_parity: bool = False) -> str:
        told = {"event": "begin", "what": "applying it", "endless": None, "timed": True, "for_parity": for_parity}
        begin = json.dumps(told)
        command = (sys.executable, "-c", f"import os, sys, time; print({begin!r}, flush=True); {code}")
        with pytest.raises((ModelError, UsageError)) as caught:
            run_worker(order, log=tmp_path / "log", deadline_s=0.5, told=lambda event: None, command=command)
        return str(caught.value)

    assert "applying it did not end within 0.5 s" in ended("time.sleep(60)")
    assert "SIGSEGV" in ended("os.kill(os.getpid(), 11)")
    for code in ("time.sleep(60)", "os.kill(os.getpid(), 11)"):
        assert "--no-parity leaves the comparison out" in ended(code, for_parity=True)
        assert "--no-parity" not in ended(code)
    assert "(exit code 7): last words" in ended("sys.stderr.write('last words'); sys.exit(7)")
    refusal = json.dumps({"event": "failed", "message": "no", "fix": "yes", "usage": True})
    assert ended(f"print({refusal!r})") == "no\n  → yes"


def test_the_list_explains_everything() -> None:
    shown = CliRunner().invoke(app, ["transform", "--list"])
    assert shown.exit_code == 0
    for word in (
        "exclude_node",
        "group_init_node",
        "max_inputs",
        "minimum_size",
        "downgrade_ops  (devbench)",
        "default 1024",
    ):
        assert word in shown.stdout
    data = json.loads(CliRunner().invoke(app, ["transform", "--list", "--json"]).stdout)
    assert len(data["transforms"]) > 30
    assert CliRunner().invoke(app, ["transform"]).exit_code != 0
