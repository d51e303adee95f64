"""Bad input ends with one `error` line that names kind and cause, never with a crash or a silent fallback."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import MODELS, Ended, Runner, read_lines
from .made_models import write_copies, write_unknown_operator

GOOD = MODELS / "and-gate.tflite"


def failure(ended: Ended) -> dict[str, Any]:
    error = ended.one("error")
    if ended.code == 64:
        return error
    assert ended.code == 1 and ended.events[-1] == ended.one("end") and ended.one("end")["status"] == "failed"
    return error


def test_a_missing_model(runner: Runner, tmp_path: Path) -> None:
    error = failure(runner.run(tmp_path / "no.tflite"))
    assert (error["kind"], error["step"], error["code"]) == ("bad-model", "model", 2)
    assert "no.tflite" in error["message"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x1c\0\0\0", "TFL3"),
        (b"PK\3\4" + b"\0" * 400, "TFL3"),
        (b"\x1c\0\0\0TFL3" + b"\xff" * 400, ""),
    ],
    ids=["empty", "short", "archive", "garbage"],
)
def test_a_file_that_is_no_model(runner: Runner, tmp_path: Path, content: bytes, words: str) -> None:
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(content)
    error = failure(runner.run(bad))
    assert error["kind"] == "bad-model" and words in error["message"]


@pytest.mark.parametrize("model", ["small-cnn-fp32", "two-inputs"])
def test_a_model_cut_off_anywhere_never_crashes_the_engine(
    runner: Runner, tmp_path: Path, model: str
) -> None:
    whole = (MODELS / f"{model}.tflite").read_bytes()
    cut = tmp_path / "cut.tflite"
    for part in range(1, 12):
        cut.write_bytes(whole[: len(whole) * part // 12])
        assert failure(runner.run(cut))["kind"] == "bad-model", part


def test_an_operator_that_the_engine_lacks(runner: Runner, tmp_path: Path) -> None:
    model = write_unknown_operator(tmp_path / "unknown.tflite")
    error = failure(runner.run(model, delegate="none", err=tmp_path / "err"))
    assert error["kind"] == "unsupported-op" and "NoSuchOp" in error["message"]


def test_a_missing_library_and_one_that_is_no_engine(runner: Runner, tmp_path: Path) -> None:
    missing = failure(runner.run(GOOD, lib=tmp_path / "libNo.so"))
    assert (missing["kind"], missing["step"]) == ("link", "engine") and "libNo.so" in missing["message"]
    stranger = failure(runner.run(GOOD, lib="libm.so.6"))
    assert stranger["kind"] == "link" and "LiteRtCreateEnvironment" in stranger["message"]
    broken = tmp_path / "libBroken.so"
    broken.write_bytes(b"\x7fELF")
    assert failure(runner.run(GOOD, lib=broken))["kind"] == "link"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"colour": "red"}, "colour=red"),
        ({"engine": "teapot"}, "teapot"),
        ({"engine": None}, "engine"),
        ({"delegate": None}, "delegate"),
        ({"delegate": "gpu"}, "gpu"),
        ({"pass": "fast"}, "fast"),
        ({"threads": "0"}, "threads"),
        ({"threads": "many"}, "many"),
        ({"threads": "99999999999999999999"}, "threads"),
        ({"inputs": "ones"}, "ones"),
        ({"inputs": "random:x"}, "x"),
        ({"warmup_tolerance_pct": "4%"}, "4%"),
        ({"cpu_mask": "0"}, "cpu_mask"),
        ({"cpu_mask": "xyz"}, "xyz"),
        ({"cpu_mask": "8000000000000000"}, "cpu_mask"),
        ({"detach": "1"}, "out"),
        ({"until": "/x"}, "resources"),
        ({"shape": "bits=0,2"}, "shape"),
        ({"steady_min_n": "20001"}, "steady_max_n"),
    ],
    ids=str,
)
def test_what_cannot_be_honoured_is_a_usage_error(runner: Runner, keys: dict[str, Any], words: str) -> None:
    ended = runner.run(GOOD, **keys)
    assert ended.code == 64
    error = ended.one("error")
    assert error["kind"] == "usage" and words in error["message"]


def test_a_key_given_twice(runner: Runner) -> None:
    ended = runner.call("run", *runner.keys(GOOD), "threads=1", "threads=2")
    assert ended.code == 64 and "threads" in ended.one("error")["message"]


@pytest.mark.parametrize("key", ["input", "shape"])
def test_an_input_that_the_model_lacks(runner: Runner, key: str) -> None:
    error = failure(runner.run(GOOD, **{key: "nobody=1"}))
    assert error["kind"] == "usage" and "nobody" in error["message"]


def test_an_input_file_of_the_wrong_size(runner: Runner, tmp_path: Path) -> None:
    for size, words in ((7, "fewer"), (9, "more")):
        (tmp_path / "bits").write_bytes(b"\0" * size)
        error = failure(runner.run(GOOD, input=f"bits={tmp_path}/bits"))
        assert error["kind"] == "usage" and "8 bytes" in error["message"] and words in error["message"]


def test_a_signature_that_the_model_lacks(runner: Runner) -> None:
    error = failure(runner.run(GOOD, signature="nobody"))
    assert error["kind"] == "bad-model" and "nobody" in error["message"]


def test_a_shape_that_does_not_fit(runner: Runner) -> None:
    error = failure(runner.run(MODELS / "two-inputs.tflite", shape="position=1,7"))
    assert error["kind"] == "bad-model"


def test_an_existing_out_file_is_never_touched(runner: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("precious")
    ended = runner.run(GOOD, out=out)
    assert ended.code == 64 and "out" in ended.one("error")["message"]
    assert out.read_text() == "precious"


def run_with_file_limit(runner: Runner, limit: int, **keys: Any) -> subprocess.CompletedProcess[str]:
    """A file size limit is a full disk that needs no root."""
    return subprocess.run(
        [runner.binary, "1", "run", *runner.keys(GOOD, **keys)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )


def test_a_disk_that_is_full_from_the_start(runner: Runner, tmp_path: Path) -> None:
    done = run_with_file_limit(runner, 1000, out=tmp_path / "out")
    (error,) = read_lines(done.stdout)
    assert (done.returncode, error["kind"]) == (1, "disk-full")
    assert not (tmp_path / "out").exists()


def test_a_disk_that_fills_up_keeps_whole_lines_and_says_so(runner: Runner, tmp_path: Path) -> None:
    done = run_with_file_limit(runner, 20000, out=tmp_path / "out", steady_min_n=30000, steady_max_n=30000)
    assert done.returncode == 1
    events = read_lines((tmp_path / "out").read_text())
    assert events[0]["event"] == "hello" and events[-1]["event"] == "error"
    assert (events[-1]["kind"], events[-1]["step"]) == ("disk-full", "output")
    assert any(e.get("phase") == "load" for e in events)


def test_outputs_that_cannot_be_written(runner: Runner, tmp_path: Path) -> None:
    model = write_copies(tmp_path / "large.tflite", "uint8", (100_000,))
    done = subprocess.run(
        [runner.binary, "1", "run", *runner.keys(model, delegate="none", outputs=tmp_path / "o")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    *_, error, end = read_lines(done.stdout)
    assert (error["kind"], error["step"], end["status"]) == ("disk-full", "output", "failed")
    nowhere = failure(runner.run(GOOD, outputs=tmp_path / "a" / "b"))
    assert nowhere["kind"] == "usage" and "a/b" in nowhere["message"]


def test_stdout_that_cannot_be_written(runner: Runner) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this machine has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run([runner.binary, "1", "info"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and b"No space left" in done.stderr


def test_names_with_quotes_and_broken_utf8_are_still_json(runner: Runner, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b'/a "b\\\n\xff\xe2\x82\xac.tflite'
    done = subprocess.run([runner.binary, "1", "sha256", name], capture_output=True, check=False)
    (event,) = read_lines(done.stdout.decode("utf-8"))
    assert event["path"].endswith('/a "b\\\n\ufffd€.tflite')


def test_unknown_subcommands_and_none_at_all(runner: Runner) -> None:
    assert "brew" in runner.call("brew").one("error")["message"]
    none = subprocess.run([runner.binary], capture_output=True, text=True, check=False)
    assert none.returncode == 64 and "follow" in read_lines(none.stdout)[0]["message"]


def test_the_runner_says_what_it_was_built_for(runner: Runner) -> None:
    info = runner.call("info").one("info")
    assert info["abi"] == info["machine"] == platform.machine()
    assert info["target"] == f"linux-{platform.machine()}" and info["page_size"] == resource.getpagesize()
