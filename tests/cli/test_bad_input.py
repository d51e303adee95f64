"""Bad input gets a clear error, the right exit code, and nothing is started, pushed or written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rig import MODELS, NEW, Rig
from started import ROOT, Devbench

if TYPE_CHECKING:
    from fake_server import FakeServer

GATE = MODELS / "and-gate.tflite"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def make(folder: Path) -> None:
    """Files that are no models, and one that is."""
    (folder / "empty.tflite").write_bytes(b"")
    (folder / "cut.tflite").write_bytes((MODELS / "small-cnn-fp32.tflite").read_bytes()[:3000])
    (folder / "picture.tflite").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (folder / "good.tflite").write_bytes(GATE.read_bytes())
    (folder / "three.bin").write_bytes(bytes(3))
    (folder / "suite.toml").write_text('profle = "quick"\n[[model]]\npackage = ["and-gate"]\n')


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["missing.tflite"], 1, ["missing.tflite"]),
        (["empty.tflite"], 1, ["empty.tflite", "empty"]),
        (["cut.tflite"], 1, ["cut.tflite"]),
        (["picture.tflite"], 1, ["picture.tflite"]),
        (["."], 1, ["."]),
        (["good.tflite", "--engine", "litter"], 2, ["no engine 'litter'", "litert"]),
        (["good.tflite", "--engine", "litert=/none.so"], 2, ["/none.so is not a file"]),
        (["good.tflite", "--delegate", "npu"], 2, ["--delegate npu", "xnnpack"]),
        (["good.tflite", "--threads", "0"], 2, ["--threads 0"]),
        (["good.tflite", "--format", "xml"], 2, ["--format xml", "table, benchmark_model"]),
        (["good.tflite", "--runner", "aap"], 2, ["no runner aap", "benchmark_model", "native"]),
        (["good.tflite", "--runner", "native=x"], 2, ["native takes no path"]),
        (["good.tflite", "--runner", "benchmark_model"], 2, ["TARGET/benchmark_model"]),
        (["good.tflite", "--runner", "native,benchmark_model=none"], 2, ["there is no none"]),
        (["good.tflite", "--runner", "benchmark_model=suite.toml"], 2, ["suite.toml is neither", "nor an APK"]),
        (["good.tflite", "--abi", "x86_46"], 2, ["--abi: there is no 'x86_46'", "x86_64"]),
        (["good.tflite", "--profile", "quikc"], 2, ["quikc", "quick"]),
        (["good.tflite", "--rounds", "0"], 2, ["--rounds"]),
        (["good.tflite", "--baseline", "nobody"], 2, ["nobody", "good"]),
        (["good.tflite", "--suite", "tiny"], 2, ["not both"]),
        (["--suite", "suite.toml"], 2, ["profle", "profile"]),
        (["--suite", "nowhere"], 2, ["nowhere"]),
        (["good.tflite", "--input", "bits=three.bin"], 2, ["3 bytes", "takes 8", "1×2 float32"]),
        (["good.tflite", "--input", "x=three.bin"], 2, ["no input 'x'", "bits"]),
        (["good.tflite", "--input", "bits=none.bin"], 2, ["none.bin is not a file"]),
        (["good.tflite", "--input", "bits"], 2, ["NAME=VALUE"]),
        (["good.tflite", "--input-shape", "bits=2"], 2, ["2 dimensions"]),
        (["good.tflite", "--input-shape", "bits=1,zwei"], 2, ["sizes of at least 1"]),
        (["good.tflite", "--device", "virtual,all"], 2, ["stands alone"]),
        (["good.tflite", "--device", "modle=x"], 2, ["unknown key 'modle'"]),
        (["good.tflite", "--colour", "red"], 2, ["--colour"]),
        (["--resume", "nowhere"], 1, ["nowhere is not a run folder"]),
        (["--resume", "latest"], 1, ["there is no run"]),
        (["good.tflite"], 3, ["no usable phone", "--device virtual"]),
        (["good.tflite", "--device", "R58M"], 3, ["R58M: no such phone", "--device virtual"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_exit_code(
    lonely: Devbench, arguments: list[str], code: int, says: list[str]
) -> None:
    make(lonely.folder)
    done = lonely("run", *arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    for part in says:
        assert part in done.stderr
    assert not list(lonely.folder.glob("results/*/run.json"))


@pytest.mark.parametrize(("command", "code"), [("run", 3), ("devices", 3)])
def test_a_remote_server_that_is_not_there_is_named(lonely: Devbench, command: str, code: int) -> None:
    make(lonely.folder)
    model = ["good.tflite"] if command == "run" else []
    done = lonely(command, *model, "--device", f"localhost.invalid:{free_port()}/S1")
    assert done.returncode == code
    assert "no adb server answers at localhost.invalid" in done.stderr


def test_something_else_on_the_servers_port_is_named(lonely: Devbench, no_phones: FakeServer) -> None:
    del no_phones.services["host:devices-l"]
    done = lonely("devices")
    assert done.returncode == 3
    assert "unknown host service" in done.stderr


def test_a_missing_adb_program_is_named(lonely: Devbench) -> None:
    environment = {**lonely.environment, "ADB": "no-such-adb", "ANDROID_ADB_SERVER_PORT": str(free_port())}
    done = Devbench(environment=environment, folder=lonely.folder)("devices")
    assert done.returncode == 3
    assert "no-such-adb" in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_found_before_the_run(lonely: Devbench) -> None:
    make(lonely.folder)
    (lonely.folder / "results").mkdir(mode=0o500)
    assert "Permission denied" in lonely("run", "good.tflite").stderr


def test_results_that_cannot_be_kept_are_found_before_anything_is_pushed(
    devbench: Devbench, rig: Rig
) -> None:
    rig.forget(NEW)
    (devbench.folder / "file").write_text("")
    done = devbench("run", GATE, "--device", rig.phones[NEW].serial, "--out", "file/results")
    assert done.returncode == 1
    assert "file/results" in done.stderr
    assert "--out" in done.stderr
    assert "devbench" not in rig.phone(NEW).shell("ls /data/local/tmp").stdout.split()


def test_open_dimensions_are_told(lonely: Devbench) -> None:
    done = lonely("run", MODELS / "dynamic-batch.tflite")
    assert "has open dimensions" in done.stderr
    assert "--input-shape" in done.stderr


def test_a_corrupt_or_newer_run_is_refused(lonely: Devbench) -> None:
    folder = lonely.folder / "results" / "r"
    folder.mkdir(parents=True)
    for text, says in (("{", "is damaged"), ('{"schema": 99}', "newer devbench")):
        (folder / "run.json").write_text(text)
        for command in (("run", "--resume", "r"), ("report", "results/r")):
            done = lonely(*command)
            assert (done.returncode, says in done.stderr) == (1, True), done.stderr
            assert "Traceback" not in done.stderr


def test_signs_that_the_output_cannot_hold_are_written_plainly() -> None:
    """A pipe on Windows, or a terminal of another age: not a word is lost to an encoding."""
    say = "from devbench.console import *; plain_where_needed(); print_line('−0.1 % … 3 µs → ▅', to_stderr=True)"
    done = subprocess.run(
        [sys.executable, "-c", say], env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"},
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stderr.split(b"\n")[0].rstrip() == b"-0.1 % ... 3 us -> ?"
