"""A phone's settings are what they were, however a session ends; and not before its job has ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devbench.engines import parse_engine, resolve
from devbench.hashing import sha256_of
from devbench.runners.cas import LocalFile, ensure_files

from .conftest import Handy

ROOT = Path(__file__).parents[2]
CONTROL = ROOT / "devbench" / "data" / "models" / "control.tflite"
JOBS = "/data/local/tmp/devbench/jobs/one"
UNDO = "/data/local/tmp/devbench/undo"
PATIENCE_S = 30.0
Session = subprocess.Popen[str]


@pytest.fixture(params=["poco", "oppo"])
def phone(request: pytest.FixtureRequest) -> Iterator[Handy]:
    """Its owner has settings of his own, which no default of Android's is."""
    handy: Handy = request.getfixturevalue(request.param)
    handy.sh(
        "settings put global stay_on_while_plugged_in 3; settings put global window_animation_scale 1.5; "
        "settings delete global animator_duration_scale; "
        f"input keyevent 223; mkdir -p {JOBS}"
    )
    yield handy
    handy.sh(f"rm -r {JOBS}")


@contextlib.contextmanager
def session(phone: Handy, end: str, *, timeout_s: int = 600) -> Iterator[Session]:
    """A session that has changed the phone and waits for a line to go on."""
    address = [phone.server.host, str(phone.server.port), phone.phone.serial]
    command = [
        sys.executable, str(Path(__file__).with_name("session_child.py")), *address, phone.runner, JOBS,
        str(timeout_s), end,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as child:  # fmt: skip
        try:
            assert child.stdout is not None
            said = child.stdout.readline()
            assert said == "ready\n", said or child.communicate()
            yield child
        finally:
            child.kill()


def go_on(child: Session) -> tuple[str, str]:
    """What the session said after `ready`."""
    return child.communicate("\n", timeout=PATIENCE_S)


def comes_true(what: Callable[[], bool]) -> bool:
    ends = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > ends:
            return False
        time.sleep(0.05)
    return True


def is_changed(phone: Handy, before: tuple[str, str]) -> bool:
    """All of it: the settings, and the screen."""
    listed, screen = phone.remembered()
    assert "stay_on_while_plugged_in=7" in listed and "window_animation_scale=0.0" in listed
    assert "animator_duration_scale=0.0" in listed
    return screen != before[1]


def test_after_success(phone: Handy) -> None:
    before = phone.remembered()
    with session(phone, "succeed") as child:
        assert is_changed(phone, before)
        assert go_on(child) == ("", "")
    assert phone.remembered() == before
    assert phone.sh(f"ls {UNDO}") == ""


def test_after_failure(phone: Handy) -> None:
    before = phone.remembered()
    with session(phone, "fail") as child:
        assert is_changed(phone, before)
        assert "the session failed" in go_on(child)[1]
    assert phone.remembered() == before


def test_after_ctrl_c(phone: Handy) -> None:
    before = phone.remembered()
    with session(phone, "succeed") as child:
        assert is_changed(phone, before)
        child.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in child.communicate(timeout=PATIENCE_S)[1]
    assert phone.remembered() == before


def test_after_kill_9(phone: Handy) -> None:
    """By the watchdog on the phone, since nobody else is left."""
    before = phone.remembered()
    with session(phone, "succeed", timeout_s=2) as child:
        assert is_changed(phone, before)
        child.kill()
        child.wait()
    assert comes_true(lambda: phone.sh(f"ls {UNDO}").count("undo") == 0)
    assert phone.remembered() == before


def test_after_a_pulled_cable(phone: Handy) -> None:
    """The host can do nothing, and says who does."""
    before = phone.remembered()
    with session(phone, "succeed", timeout_s=2) as child:
        assert is_changed(phone, before)
        phone.faults("offline")
        try:
            assert "puts its settings back itself" in child.communicate(timeout=PATIENCE_S)[0]
        finally:
            phone.back()
    assert comes_true(lambda: phone.sh(f"ls {UNDO}").count("undo") == 0)
    assert phone.remembered() == before


def test_what_a_person_changed_meanwhile_stays(phone: Handy) -> None:
    """Only what we changed is put back."""
    before = phone.remembered()
    with session(phone, "succeed") as child:
        phone.sh("settings put global window_animation_scale 2.0")
        assert "window_animation_scale is 2.0, was 1.5" in go_on(child)[0]
    assert phone.remembered()[0] == before[0].replace(
        "window_animation_scale=1.5", "window_animation_scale=2.0"
    )


@pytest.mark.parametrize("phone", ["poco"], indirect=True)
def test_not_while_a_detached_job_still_runs(phone: Handy) -> None:
    """The host is gone and its time is over: a later watchdog without a job has acted, and ours has not."""
    before = phone.remembered()
    with session(phone, "succeed", timeout_s=2) as child:
        start_job(phone)
        child.kill()
        child.wait()
    witness = "/data/local/tmp/witness"
    phone.sh(f"echo 'echo seen >{witness}.seen' >{witness}")
    watch = f"watchdog undo={witness} job={witness}.none heartbeat={witness}.none timeout_s=2 detach=1"
    phone.sh(f"{phone.runner} 1 {watch}")
    assert comes_true(lambda: "seen" in phone.sh(f"cat {witness}.seen"))
    assert phone.remembered() != before
    assert "stay_on_while_plugged_in=7" in phone.remembered()[0]
    phone.sh(f"{phone.runner} 1 stop {JOBS}/out.jsonl")
    assert comes_true(lambda: phone.sh(f"ls {UNDO}").count("undo") == 0)
    assert phone.remembered() == before


def start_job(phone: Handy) -> None:
    """A real measurement that would take a minute, detached."""
    engine = resolve(parse_engine("litert"), phone.info.target, cache_dir=phone.home)
    files = [
        LocalFile(what=path.name, path=path, sha256=sha256_of(path), size_bytes=path.stat().st_size)
        for path in (engine.path, CONTROL)
    ]
    ensure_files(phone.phone, phone.file, files, lambda *_: None)
    started = phone.sh(
        f"{phone.runner} 1 run detach=1 out={JOBS}/out.jsonl engine=litert lib={files[0].remote} "
        f"model={files[1].remote} delegate=xnnpack steady_min_ms=60000 steady_max_n=1000000000"
    )
    assert "started" in started
