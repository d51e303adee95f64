"""`exec` runs another program as a job: its streams, its end, what it used; nothing outlives `stop`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from devbench.runners.protocol import Transcript

from .conftest import TESTDATA, Runner, read_lines
from .test_golden import shapes
from .test_jobs import is_alive, wait_for


def test_the_program_gets_its_arguments_as_they_are_and_keeps_its_streams_apart(
    runner: Runner, tmp_path: Path
) -> None:
    out, stdout, stderr = (tmp_path / name for name in ("out", "stdout", "stderr"))
    script = 'printf "<%s>" "$@"; echo oops >&2; exit 3'
    arguments = [f"arg={word}" for word in ("-c", script, "sh", "--a=b c", "$HOME;", "ü")]
    keys = [f"out={out}", f"stdout={stdout}", f"stderr={stderr}", "nonce=n-1", "detach=1"]
    runner.call("exec", "program=/bin/sh", *arguments, *keys)
    followed = runner.call("follow", out)
    assert (stdout.read_text("utf-8"), stderr.read_text()) == ("<--a=b c><$HOME;><ü>", "oops\n")
    assert shapes(followed.events) == shapes(read_lines((TESTDATA / "exec.jsonl").read_text("utf-8")))
    ran = followed.one("ran")
    assert (ran["code"], ran["signal"]) == (3, None)
    assert ran["max_rss_bytes"] > 0 < ran["wall_ns"]


def test_the_golden_lines_are_a_complete_transcript() -> None:
    transcript = Transcript()
    for event in read_lines((TESTDATA / "exec.jsonl").read_text("utf-8")):
        transcript.keep(event)
    assert (transcript.ended, transcript.complete, transcript.torn) == (True, True, False)


def test_a_signal_that_ended_the_program_is_told(runner: Runner) -> None:
    ran = runner.call("exec", "program=/bin/sh", "arg=-c", "arg=kill -SEGV $$").one("ran")
    assert (ran["code"], ran["signal"]) == (None, 11)


def test_the_program_runs_on_the_cpus_asked_for(runner: Runner, tmp_path: Path) -> None:
    stdout = tmp_path / "stdout"
    cpu = min(os.sched_getaffinity(0))
    keys = [f"cpu_mask={1 << cpu:x}", f"stdout={stdout}", "program=/bin/cat", "arg=/proc/self/status"]
    program = runner.call("exec", *keys).one("program")
    assert program["cpus_allowed"] == str(cpu)
    assert f"Cpus_allowed_list:\t{cpu}\n" in stdout.read_text()


@pytest.mark.parametrize("ignores", [False, True])
def test_stop_ends_the_program_also_one_that_ignores_it(runner: Runner, tmp_path: Path, ignores: bool) -> None:
    out = tmp_path / "out"
    trap = "trap '' TERM; " if ignores else ""
    script = f"{trap}while :; do sleep 0.05; done"
    runner.call("exec", "program=/bin/sh", "arg=-c", f"arg={script}", f"out={out}", "detach=1")
    pid = wait_for(out, "program")["pid"]
    stopped = runner.call("stop", out)
    assert stopped.one("stopped")["pid"] == wait_for(out, "hello")["pid"]
    assert not is_alive(pid)


@pytest.mark.parametrize("content", [None, b"no program", b"\x7fELF and no more"])
def test_what_the_kernel_does_not_run_is_an_error(runner: Runner, tmp_path: Path, content: bytes | None) -> None:
    program = tmp_path / "program"
    if content is not None:
        program.write_bytes(content)
        program.chmod(0o755)
    ended = runner.call("exec", f"program={program}")
    assert ended.code == 1
    error = ended.one("error")
    assert (error["kind"], error["step"]) == ("not-executable", "exec")
    assert str(program) in error["message"]
    assert ended.all("ran") == []


def test_bad_arguments_start_nothing(runner: Runner) -> None:
    for keys in (["arg=x"], ["program=/bin/true", "detach=1"], ["program=/bin/true", "colour=red"]):
        assert runner.call("exec", *keys).code == 64
