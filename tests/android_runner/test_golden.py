"""The real runner prints lines with exactly the keys, types and order of the golden files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import MODELS, TESTDATA, Runner, read_lines
from .made_gates import and_gate

# Keys whose value may also be null, and what else it may be; every other key has the golden line's type.
NULLABLE = {"engine_version", "nonce", "path", "code", "signal", "delegate", "cpu_mask", "capacity"}
NULLABLE |= {"min_khz", "max_khz", "cur_khz", "start_ns", "memory_bytes", "cpuset", "oom_score_adj"}
# Objects with keys that depend on the machine.
OPEN = {"cpu_khz", "thermal"}


def golden(name: str) -> list[dict[str, Any]]:
    return read_lines((TESTDATA / name).read_text("utf-8"))


def shape_of(value: Any, key: str = "") -> Any:
    """A value as its structure: keys in order, types; lists by their distinct elements."""
    if key in NULLABLE:
        return "nullable"
    if isinstance(value, dict):
        return {} if key in OPEN else {k: shape_of(v, k) for k, v in value.items()}
    if isinstance(value, list):
        seen: list[Any] = []
        for item in value:
            if (shape := shape_of(item)) not in seen:
                seen.append(shape)
        return seen
    return type(value).__name__


def shapes(events: list[dict[str, Any]]) -> list[str]:
    """Order of keys counts, so as text; the engine's own chatter and repeated lines of one kind do not."""
    lines: list[str] = []
    for event in events:
        text = f"{event['event']} {event.get('phase', '')} {json.dumps(shape_of(event))}"
        if event["event"] != "log" and (not lines or lines[-1] != text):
            lines.append(text)
    return lines


@pytest.mark.parametrize(
    ("name", "model", "keys"),
    [
        ("run_ok.jsonl", "two-inputs", {"threads": 2, "outputs": "outputs"}),
        ("run_resources.jsonl", "and-gate", {"delegate": "none", "pass": "resources"}),
        ("run_ops.jsonl", "small-cnn-int8", {"pass": "ops"}),
    ],
)
def test_a_run_prints_the_golden_lines(
    runner: Runner, tmp_path: Path, name: str, model: str, keys: dict[str, Any]
) -> None:
    if "outputs" in keys:
        keys = keys | {"outputs": tmp_path / "outputs"}
    ended = runner.run(MODELS / f"{model}.tflite", nonce="n", err=tmp_path / "err", **keys)
    assert ended.code == 0
    assert shapes(ended.events) == shapes(golden(name))


def test_a_held_out_set_prints_the_golden_lines(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes([0, 0, 0, 1, 1, 0, 1, 1]))
    keys = {"pass": "accuracy", "samples": 4, "raw": "bits=uint8:2", "scale": "bits=1", "delegate": "none"}
    ended = runner.run(MODELS / "and-gate.tflite", nonce="n", err=tmp_path / "err", outputs=tmp_path / "out",
                       batch=f"bits={tmp_path / 'raw.bin'}", **keys)  # fmt: skip
    assert ended.code == 0
    assert shapes(ended.events) == shapes(golden("run_accuracy.jsonl"))


def test_a_graph_prints_the_golden_lines(runner: Runner, tensorflow_library: Path, tmp_path: Path) -> None:
    model = and_gate(tmp_path / "and.pb")
    keys = {"engine": "tensorflow", "lib": tensorflow_library, "delegate": "none", "fetch": "y", "pass": "ops"}
    ended = runner.run(model, nonce="n", err=tmp_path / "err", **keys)
    assert ended.code == 0
    assert shapes(ended.events) == shapes(golden("run_graph_ops.jsonl"))


def test_a_model_that_is_cut_off_prints_the_golden_lines(runner: Runner, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tflite"
    cut.write_bytes((MODELS / "small-cnn-fp32.tflite").read_bytes()[:30000])
    ended = runner.run(cut, nonce="n")
    assert ended.code == 1
    assert shapes(ended.events) == shapes(golden("run_failed.jsonl"))


def test_a_detached_run_prints_the_golden_lines(runner: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = min(os.sched_getaffinity(0))
    keys = {"out": out, "err": tmp_path / "err", "detach": 1, "cpu_mask": f"{1 << first:x}", "nonce": "n"}
    started = runner.run(MODELS / "two-inputs.tflite", **keys)
    followed = runner.call("follow", out)
    assert shapes(started.events) == shapes(golden("started.jsonl"))
    assert shapes(followed.events) == shapes(golden("run_detached.jsonl"))
    assert followed.code == 0


def test_a_stopped_run_prints_the_golden_lines(runner: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    keys = {"out": out, "pass": "resources", "until": tmp_path / "never", "hold_max_ms": 60000, "detach": 1}
    runner.run(MODELS / "and-gate.tflite", nonce="n", **keys)
    with subprocess.Popen([runner.binary, "1", "follow", out], stdout=subprocess.PIPE, text=True) as follow:
        assert follow.stdout is not None
        lines = []
        for line in follow.stdout:
            lines.append(line)
            if '"ready"' in line:
                break
        stopped = runner.call("stop", out)
        lines += list(follow.stdout)
    idle = runner.call("stop", out)
    assert shapes(stopped.events + idle.events) == shapes(golden("stop.jsonl"))
    assert shapes(read_lines("".join(lines))) == shapes(golden("run_stopped.jsonl"))


@pytest.mark.parametrize(
    ("name", "code", "call"),
    [
        ("run_usage.jsonl", 64, ("run", "color=red")),
        ("info_linux.jsonl", 0, ("info",)),
        ("sha256.jsonl", 1, ("sha256", MODELS / "and-gate.tflite", "/nowhere")),
        ("canary.jsonl", 0, ("canary", "ms=20")),
        ("sample.jsonl", 0, ("sample", "period_ms=1", "pid=PID")),
    ],
)
def test_a_small_subcommand_prints_the_golden_lines(
    runner: Runner, name: str, code: int, call: tuple[object, ...]
) -> None:
    with subprocess.Popen(["sleep", "0.2"]) as sleeper:
        ended = runner.call(*(str(a).replace("PID", str(sleeper.pid)) for a in call))
    assert ended.code == code
    real, expected = shapes(ended.events), shapes(golden(name))
    if name == "info_linux.jsonl":  # machines differ in what they hide and where they are warm
        assert [event.keys() for event in ended.events] == [event.keys() for event in golden(name)]
        assert shape_of(ended.events[0]["cores"]) == shape_of(golden(name)[0]["cores"])
    else:
        assert real == expected


def test_golden_files_agree_with_each_other() -> None:
    """The cases that cannot be provoked here are made of lines that the others have."""
    known = {line for name in ("run_ok.jsonl", "run_detached.jsonl") for line in shapes(golden(name))}
    for name in ("run_crashed.jsonl", "run_cut_off.jsonl"):
        *body, last = golden(name)
        assert {line.split(" ", 1)[0] for line in shapes([last])} <= {"exit", "gone"}
        assert all(line in known for line in shapes(body)), name
    assert list(golden("info_phone.jsonl")[0]) == list(golden("info_linux.jsonl")[0])


def test_another_protocol_is_refused_by_name(runner: Runner) -> None:
    done = subprocess.run([runner.binary, "2", "info"], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    (event,) = read_lines(done.stdout)
    assert shapes([event]) == shapes(golden("protocol.jsonl"))
    assert "2" in event["message"] and "1" in event["message"]
