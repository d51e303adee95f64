"""The Android builds on a real Android userland (env DEVBENCH_RIG), with the engines of the AARs.

The rig is x86: a chroot, so this needs root. Engines come from devbench's own cache, fetched when missing.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from devbench.runners.inputs import random_input

from .conftest import MODELS
from .made_models import write_open, write_unknown_operator
from .rig_phone import PHONE, RIG, Phone, library, outputs_of
from .test_run import production_models, reference_outputs

VERSIONS = ("2.4.0", "2.14.0", "2.16.1")

pytestmark = [
    pytest.mark.skipif(RIG is None, reason="DEVBENCH_RIG is not set"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the rig is a chroot: it needs root"),
]


def engine(version: str, abi: str) -> Path:
    return library(f"tflite@{version}", abi)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "model",
    [MODELS / "and-gate.tflite", MODELS / "small-cnn-int8.tflite", *production_models()],
    ids=lambda p: p.stem,
)
def test_outputs_are_those_of_the_hosts_interpreter(phone: Phone, version: str, model: Path) -> None:
    if (version, model.stem) == ("2.4.0", "small-cnn-int8"):
        pytest.skip(
            "TFLite 2.4 gives other numbers here: it knows no scale per channel in fully connected layers"
        )
    ended = phone.run(engine(version, phone.abi), model, inputs="random:5", outputs=f"/{PHONE}/outputs")
    assert ended.code == 0, (ended.events, ended.stderr)
    assert ended.one("loaded")["engine_version"] == version
    for actual, expected in zip(outputs_of(phone, ended), reference_outputs(model, 5), strict=True):
        tolerance = 5e-3 if "int8" in model.stem else 1e-3 * max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("version", ["2.14.0", "2.16.1"])
def test_what_the_delegate_took_is_what_the_library_logs(phone: Phone, version: str) -> None:
    """Its own default options decide: quantised operators are delegated without a word from us."""
    taken = 6  # of 8: the softmax and the last layer's quantised bias stay behind
    ended = phone.run(engine(version, phone.abi), MODELS / "small-cnn-int8.tflite")
    loaded = ended.one("loaded")
    assert (loaded["delegated_nodes"], loaded["nodes"], loaded["fully_delegated"]) == (taken, 8, False)
    (log,) = [e["text"] for e in ended.all("log") if "Replacing" in e["text"]]
    assert (
        f"Replacing {taken} out of 8 node(s)" in log and f"yielding {loaded['partitions']} partitions" in log
    )


def test_an_old_version_that_logs_nothing_is_counted_as_well(phone: Phone) -> None:
    library = engine("2.4.0", phone.abi)
    took = phone.run(library, MODELS / "and-gate.tflite").one("loaded")
    assert (took["delegate_applied"], took["delegated_nodes"], took["nodes"]) == ("xnnpack", 2, 2)
    nothing = phone.run(library, MODELS / "small-cnn-int8.tflite").one("loaded")
    assert (nothing["delegate_asked"], nothing["delegate_applied"]) == ("xnnpack", "none")


def test_operators_come_from_versions_that_tell_them(phone: Phone) -> None:
    new = phone.run(engine("2.16.1", phone.abi), MODELS / "small-cnn-int8.tflite", **{"pass": "ops"})
    assert {op["calls"] for op in new.all("op")} == {5}
    assert [op["type"] for op in new.all("op") if op["delegate"] is None] == ["FULLY_CONNECTED", "SOFTMAX"]
    old = phone.run(engine("2.4.0", phone.abi), MODELS / "and-gate.tflite", **{"pass": "ops"})
    assert old.code == 1 and "2.14" in old.one("error")["message"]


def test_an_open_dimension_gets_its_shape_under_xnnpack(phone: Phone, tmp_path: Path) -> None:
    model = write_open(tmp_path / "open.tflite")
    ended = phone.run(
        engine("2.16.1", phone.abi), model, shape="x=5,3", inputs="random:3", outputs=f"/{PHONE}/outputs"
    )
    assert ended.one("loaded")["delegate_applied"] == "xnnpack"
    np.testing.assert_array_equal(outputs_of(phone, ended)[0], 2 * random_input(3, 0, "float32", (5, 3)))


def test_an_operator_that_the_engine_lacks_is_named(phone: Phone, tmp_path: Path) -> None:
    model = write_unknown_operator(tmp_path / "unknown.tflite")
    error = phone.run(engine("2.16.1", phone.abi), model, delegate="none").one("error")
    assert error["kind"] == "unsupported-op" and "NoSuchOp" in error["message"]


def test_info_and_hash_on_bionic(phone: Phone) -> None:
    info = phone.call("info").one("info")
    assert (info["abi"], info["target"]) == (phone.abi, f"android-{phone.abi}")
    assert info["page_size"] == 4096 and info["clock_ticks"] == 100 and info["mem_total_bytes"] > 10**8
    path = phone.put(MODELS / "control.tflite")
    host = subprocess.run(
        ["sha256sum", MODELS / "control.tflite"], capture_output=True, text=True, check=True
    )
    assert phone.call("sha256", path).one("sha256")["sha256"] == host.stdout.split()[0]


def test_jobs_and_watchdog_on_bionic(phone: Phone) -> None:
    """fork, flock, sessions, inotify and stat go through hand-written declarations there."""
    out = phone.root / PHONE / f"out-{phone.abi}.jsonl"
    on_phone = f"/{out.relative_to(phone.root)}"
    library, model = engine("2.16.1", phone.abi), MODELS / "and-gate.tflite"
    endless = {"steady_min_n": 10**9, "steady_max_n": 10**9, "steady_soft_ms": 86400000}
    started = phone.run(library, model, out=on_phone, detach=1, **endless)
    assert started.one("started")
    undo = phone.root / PHONE / "undo"
    undo.write_text(f"echo done > /{PHONE}/done-{phone.abi}\n")
    watch = [f"undo=/{PHONE}/undo", f"job={on_phone}", "heartbeat=/nowhere", "timeout_s=0"]
    command = ["chroot", phone.root, f"/{PHONE}/runner-{phone.abi}", "1", "watchdog", *watch]
    with subprocess.Popen(command) as watchdog:
        with pytest.raises(subprocess.TimeoutExpired):
            watchdog.wait(timeout=0.3)
        assert phone.call("stop", on_phone).one("stopped")
        assert watchdog.wait(timeout=30) == 0
    followed = phone.call("follow", on_phone)
    assert (followed.code, followed.events[-1]) == (0, {"event": "exit", "code": None, "signal": 15})
    assert (phone.root / PHONE / f"done-{phone.abi}").read_text() == "done\n" and not undo.exists()


@pytest.mark.parametrize("abi", ["x86_64", "x86"])
def test_every_stub_is_there_on_the_phone(rig: Path, build: ModuleType, abi: str) -> None:
    """A name that bionic does not have would stop the linker on every phone."""
    folder = rig / "system" / ("lib64" if abi == "x86_64" else "lib")
    for name in ("libc", "libdl"):
        content = (folder / f"{name}.so").read_bytes()
        missing = [
            s
            for s in (build.STUBS / f"{name}.txt").read_text().split()
            if b"\0" + s.encode() + b"\0" not in content
        ]
        assert not missing
