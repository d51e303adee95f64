"""Detached jobs outlive their caller, are followed from any byte, and are known to be over when they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import MODELS, Runner, read_lines

MODEL = MODELS / "and-gate.tflite"
# Infers until it is ended from outside.
ENDLESS = {"steady_min_n": 10**9, "steady_max_n": 10**9, "steady_soft_ms": 86400000}


@pytest.fixture
def out(runner: Runner, tmp_path: Path) -> Iterator[Path]:
    """Where a job writes; whatever still runs there at the end is stopped."""
    path = tmp_path / "out.jsonl"
    yield path
    if path.exists():
        runner.call("stop", path)


def start(runner: Runner, out: Path, **keys: Any) -> int:
    """Starts a detached job; the supervisor's pid."""
    started = runner.run(MODEL, out=out, detach=1, **keys)
    assert started.code == 0, started.events
    pid = started.one("started")["pid"]
    assert isinstance(pid, int)
    return pid


def wait_for(path: Path, event: str) -> dict[str, Any]:
    """The first such event of a file that is being written."""
    for _ in range(3000):
        if path.exists():
            for line in path.read_text().splitlines(keepends=True):
                if line.endswith("\n") and (found := json.loads(line))["event"] == event:
                    assert isinstance(found, dict)
                    return found
        time.sleep(0.01)
    raise AssertionError(f"no {event} in {path}")


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_job_has_a_session_of_its_own_and_no_streams_of_the_caller(runner: Runner, out: Path) -> None:
    supervisor = start(runner, out, **ENDLESS)
    measuring = wait_for(out, "hello")["pid"]
    assert os.getsid(supervisor) == supervisor == os.getsid(measuring) != os.getsid(0)
    assert os.getpgid(measuring) == measuring
    for pid in (supervisor, measuring):
        links = {str(Path(f"/proc/{pid}/fd/{fd}").readlink()) for fd in (0, 1, 2)}
        assert links == {"/dev/null"}


def test_a_job_survives_the_death_of_the_shell_that_started_it(runner: Runner, out: Path) -> None:
    """As when a cable is pulled: the shell's whole group gets SIGHUP and SIGKILL."""
    command = f"{runner.binary} 1 run {' '.join(runner.keys(MODEL, out=out, detach=1, **ENDLESS))}; sleep 60"
    shell = subprocess.Popen(["sh", "-c", command], stdout=subprocess.DEVNULL, start_new_session=True)
    measuring = wait_for(out, "hello")["pid"]
    os.killpg(shell.pid, signal.SIGHUP)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.wait()
    os.kill(measuring, signal.SIGHUP)
    wait_for(out, "loaded")
    assert is_alive(measuring)
    runner.call("stop", out)
    assert wait_for(out, "exit")["signal"] == signal.SIGTERM


def test_following_from_any_byte_gives_the_rest(runner: Runner, out: Path) -> None:
    start(runner, out)
    whole = subprocess.run([runner.binary, "1", "follow", out], capture_output=True, check=True).stdout
    assert whole == out.read_bytes()
    last_line = whole.rindex(b'{"event":"exit"')
    for offset in (1, len(whole) // 2, last_line - 1, last_line):
        rest = subprocess.run(
            [runner.binary, "1", "follow", out, f"offset={offset}"], capture_output=True, check=False
        )
        assert (rest.stdout, rest.returncode) == (whole[offset:], 0), offset


def test_a_cut_inside_the_exit_line_ends_as_well(runner: Runner, out: Path) -> None:
    start(runner, out)
    whole = subprocess.run([runner.binary, "1", "follow", out], capture_output=True, check=True).stdout
    offset = whole.rindex(b'{"event":"exit"') + 5
    rest = subprocess.run(
        [runner.binary, "1", "follow", out, f"offset={offset}"], capture_output=True, check=False
    )
    assert rest.stdout == whole[offset:] and rest.returncode == 0


def test_a_crash_is_told_by_the_supervisor(runner: Runner, out: Path) -> None:
    start(runner, out, **ENDLESS)
    wait_for(out, "loaded")
    os.kill(wait_for(out, "hello")["pid"], signal.SIGSEGV)
    followed = runner.call("follow", out)
    assert followed.code == 0 and not followed.all("end")
    assert followed.events[-1] == {"event": "exit", "code": None, "signal": signal.SIGSEGV}


def test_a_job_whose_supervisor_died_too_is_gone(runner: Runner, out: Path) -> None:
    supervisor = start(runner, out, **ENDLESS)
    measuring = wait_for(out, "hello")["pid"]
    os.kill(supervisor, signal.SIGKILL)
    os.kill(measuring, signal.SIGKILL)
    followed = runner.call("follow", out)
    assert followed.code == 3 and followed.events[-1] == {"event": "gone"}
    assert read_lines(out.read_text())[-1] != {"event": "gone"}


def test_an_orphaned_measurement_is_not_gone(runner: Runner, out: Path) -> None:
    """The lock lives as long as anyone measures."""
    supervisor = start(
        runner, out, **{"pass": "resources", "until": out.with_name("until"), "hold_max_ms": 60000}
    )
    wait_for(out, "ready")
    os.kill(supervisor, signal.SIGKILL)
    with subprocess.Popen([runner.binary, "1", "follow", out], stdout=subprocess.PIPE, text=True) as follow:
        out.with_name("until").touch()
        assert follow.stdout is not None
        events = read_lines(follow.stdout.read())
    assert [e["event"] for e in events[-2:]] == ["end", "gone"]


def test_stop_ends_the_job_and_only_that(runner: Runner, out: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    start(runner, out, **ENDLESS)
    start(runner, other, **ENDLESS)
    ended, kept = wait_for(out, "hello")["pid"], wait_for(other, "hello")["pid"]
    assert runner.call("stop", out).one("stopped")["pid"] == ended
    assert not is_alive(ended) and is_alive(kept)
    assert runner.call("stop", out).events == [{"event": "idle"}]
    assert runner.call("stop", other).one("stopped")["pid"] == kept


def test_stop_means_the_file_however_it_is_spelled(runner: Runner, out: Path) -> None:
    start(runner, out, **ENDLESS)
    pid = wait_for(out, "hello")["pid"]
    assert runner.call("stop", out.name, cwd=out.parent).one("stopped")["pid"] == pid


def test_follow_ends_when_its_reader_goes_away(runner: Runner, out: Path) -> None:
    start(runner, out, **{"pass": "resources", "until": out.with_name("no"), "hold_max_ms": 60000})
    wait_for(out, "ready")
    follow = subprocess.Popen([runner.binary, "1", "follow", out], stdout=subprocess.PIPE)
    assert follow.stdout is not None
    follow.stdout.close()
    assert follow.wait(timeout=30) == 1


def test_a_file_of_lines_that_is_not_there(runner: Runner, tmp_path: Path) -> None:
    for call in (("follow", tmp_path / "no"), ("stop", tmp_path / "no")):
        ended = runner.call(*call)
        assert ended.code == 64 and "No such file" in ended.one("error")["message"]


def undo_file(tmp_path: Path) -> tuple[Path, Path]:
    undo, done = tmp_path / "undo", tmp_path / "done"
    undo.write_text(f"echo one >> {done}\nfalse\n\necho two >> {done}")
    return undo, done


def watch(runner: Runner, undo: Path, job: Path, heartbeat: Path, *more: str) -> list[object]:
    return [runner.binary, "1", "watchdog", f"undo={undo}", f"job={job}", f"heartbeat={heartbeat}", *more]


def test_the_watchdog_runs_every_line_once_nobody_is_there(runner: Runner, tmp_path: Path) -> None:
    undo, done = undo_file(tmp_path)
    subprocess.run(watch(runner, undo, tmp_path / "no", tmp_path / "no", "timeout_s=0"), check=True)
    assert done.read_text() == "one\ntwo\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["done"]


def test_the_watchdog_waits_for_the_job(runner: Runner, out: Path, tmp_path: Path) -> None:
    """An old heartbeat is not enough while a job measures; a folder of jobs counts like each of them."""
    undo, done = undo_file(tmp_path)
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    start(runner, jobs / "out.jsonl", **ENDLESS)
    with subprocess.Popen(watch(runner, undo, jobs, tmp_path / "no", "timeout_s=0")) as watchdog:
        with pytest.raises(subprocess.TimeoutExpired):
            watchdog.wait(timeout=0.5)
        assert undo.exists() and not done.exists()
        runner.call("stop", jobs / "out.jsonl")
        assert watchdog.wait(timeout=30) == 0
    assert done.read_text() == "one\ntwo\n"


def test_the_watchdog_waits_for_the_heartbeat(runner: Runner, tmp_path: Path) -> None:
    """Whatever the heartbeat's date says: what counts is when it last changed under the watchdog's eyes."""
    undo, done = undo_file(tmp_path)
    heartbeat = tmp_path / "heartbeat"
    heartbeat.touch()
    os.utime(heartbeat, (0, 0))
    with subprocess.Popen(watch(runner, undo, tmp_path / "no", heartbeat, "timeout_s=1")) as watchdog:
        for beat in range(8):
            time.sleep(0.25)
            heartbeat.write_text("x" * beat)
        assert watchdog.poll() is None and not done.exists()
        assert watchdog.wait(timeout=30) == 0
    assert done.exists()


def test_the_watchdog_leaves_when_the_host_put_things_back(runner: Runner, tmp_path: Path) -> None:
    undo, done = undo_file(tmp_path)
    call = watch(runner, undo, tmp_path / "no", tmp_path / "no", "timeout_s=10", "detach=1")
    pid = read_lines(subprocess.run(call, capture_output=True, text=True, check=True).stdout)[0]["pid"]
    undo.unlink()
    for _ in range(3000):
        if not is_alive(pid):
            break
        time.sleep(0.01)
    assert not is_alive(pid) and not done.exists()


def test_a_watchdog_with_nothing_to_undo_is_a_mistake(runner: Runner, tmp_path: Path) -> None:
    ended = runner.call("watchdog", f"undo={tmp_path}/no", "job=j", "heartbeat=h")
    assert ended.code == 64 and "No such file" in ended.one("error")["message"]


def test_the_watchdog_outlives_its_caller(runner: Runner, tmp_path: Path) -> None:
    undo, done = undo_file(tmp_path)
    call = watch(runner, undo, tmp_path / "no", tmp_path / "no", "timeout_s=0", "detach=1")
    started = subprocess.run(call, capture_output=True, text=True, check=True)
    assert read_lines(started.stdout)[0]["event"] == "started"
    for _ in range(3000):
        if done.exists() and done.read_text().endswith("two\n"):
            break
        time.sleep(0.01)
    assert done.read_text() == "one\ntwo\n"


def test_sampling_ends_with_the_process(runner: Runner, tmp_path: Path) -> None:
    out = tmp_path / "samples"
    with subprocess.Popen(["sleep", "0.2"]) as sleeper:
        ended = runner.call("sample", f"pid={sleeper.pid}", "period_ms=20", f"out={out}")
    assert ended.code == 0 and ended.events == []
    samples = read_lines(out.read_text())
    # the last one may show a process that has given its memory back and is not yet gone
    assert len(samples) >= 3 and all(s["threads"] == 1 and s["rss_pages"] > 0 for s in samples[:-1])
    nobody = runner.call("sample", "pid=2147483646", "period_ms=20")
    assert nobody.code == 64 and "2147483646" in nobody.one("error")["message"]
