"""What goes wrong on this computer: processes are killed, disks fill, clocks jump, two want the same phone."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rig import MODELS, NEW, OLD, Rig, running_rig
from started import Devbench, make_devbench

from devbench import store, virtual
from devbench.adb.server import adb_binary
from devbench.devices.quarantine import Setback, set_back

GATE = MODELS / "and-gate.tflite"


def run_of(devbench: Devbench) -> Path:
    (found,) = [path.parent for path in (devbench.folder / "results").glob("*/run.json")]
    return found


def assert_whole(folder: Path) -> None:
    """Every job has exactly one `ok` attempt, and no attempt has a number twice."""
    run = store.RunFolder(folder).read()
    done = [m.job_id for m in run.measurements if m.status == "ok"]
    assert sorted(done) == sorted(job.job_id for job in run.header.jobs)
    attempts = [(m.job_id, m.attempt) for m in run.measurements]
    assert len(attempts) == len(set(attempts))


@pytest.mark.slow
def test_two_devbench_at_once_measure_a_phone_one_after_the_other(devbench: Devbench, rig: Rig) -> None:
    """Started together, one measures; the other says who has the phone, and exits with 3."""
    command = ("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 4)
    both = [devbench.start(*command), devbench.start(*command)]
    ends = {process.wait(): process.communicate()[1] for process in both}
    assert sorted(ends) == [0, 3]
    assert "[busy]" in ends[3]
    assert "process " in ends[3]
    assert_whole(run_of(devbench))


@pytest.mark.slow
def test_a_full_disk_ends_the_run_and_what_was_written_counts(devbench: Devbench, rig: Rig) -> None:
    """A file system of a few hundred KB, which fills up in mid-run; its content is resumed on a larger one."""
    kept = devbench.folder / "results"
    script = """set -e
mkdir small; mount -t tmpfs -o size=400k none small
"$@" || code=$?
cp -r small/. results; exit ${code:-0}"""
    run = ("run", str(GATE), "--device", rig.phones[NEW].serial, "--rounds", "5", "--out", "small")
    words = [sys.executable, "-m", "devbench", *run]
    kept.mkdir()
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *words],
        cwd=devbench.folder, env=devbench.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    assert "--out" in done.stderr
    folder = run_of(devbench)
    before = [m.job_id for m in store.RunFolder(folder).read().measurements if m.status == "ok"]
    assert 0 < len(before) < 6
    assert rig.processes(NEW) == []
    done = devbench("run", "--resume", folder.name)
    assert done.returncode == 0, done.stderr
    assert_whole(folder)


@pytest.mark.slow
def test_an_adb_server_that_others_end_and_start_again_costs_nothing(tmp_path: Path) -> None:
    """`adb kill-server` in mid-job by another tool, then `adb start-server` too: the same cells, and it is said."""
    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    pytest.importorskip("ai_edge_litert")
    with running_rig(tmp_path / "rig", (NEW,)) as rig:
        devbench = make_devbench(tmp_path, tmp_path / "home", rig.server.address.port)
        # a server that is started here has the key that the phone knows
        off = dict.fromkeys(("ADB_USB", "ADB_EMU", "ADB_MDNS", "ADB_MDNS_OPENSCREEN"), "0")
        devbench.environment.update(off, HOME=str(rig.home / "adb"))

        def adb(*words: str) -> None:
            command = [str(adb_binary(None)), "-P", str(rig.server.address.port), *words]
            subprocess.run(command, env=devbench.environment, check=True, capture_output=True, timeout=60)

        try:
            process = devbench.start("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 6)
            wait_for_jobs(devbench, process, 2)
            adb("kill-server")
            wait_for_jobs(devbench, process, 4)
            adb("kill-server")
            adb("start-server")
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, out + err
            folder = run_of(devbench)
            assert_whole(folder)
            run = store.RunFolder(folder).read()
            assert {m.status for m in run.measurements} == {"ok"}, "none twice, none lost"
            (session,) = run.sessions
            assert session.outcome == "finished"
            assert session.connections_lost >= 2
            told = f"lost {session.connections_lost} times"
            assert told in (folder / "report" / "report.html").read_text()
        finally:
            adb("kill-server")


def wait_for_jobs(devbench: Devbench, process: subprocess.Popen[str], count: int) -> None:
    """Until so many processes were started on phones, and the last of them runs."""
    end_s = time.monotonic() + 120
    while True:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end_s, f"not within 120 s: {count} jobs"
        for journal in (devbench.folder / "results").glob("*/journal.jsonl"):
            entries = [entry.happening for entry in store.read_journal(journal.parent)]
            if entries.count("job") >= count and entries[-1] == "job":
                return
        time.sleep(0.05)


@pytest.mark.slow
def test_a_clock_that_jumps_changes_no_number_and_no_order(devbench: Devbench, rig: Rig) -> None:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler on Linux")
    library = devbench.folder / "steps.so"
    source = Path(__file__).with_name("clock_steps.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    devbench.environment["LD_PRELOAD"] = str(library)
    try:
        done = devbench.process("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 3)
    finally:
        del devbench.environment["LD_PRELOAD"]
    assert done.returncode == 0, done.stderr
    folder = run_of(devbench)
    assert_whole(folder)
    run = store.RunFolder(folder).read()
    days = {m.started_at[:10] for m in run.measurements}
    assert len(days) == 2, "the clock did jump"
    positions = [m.position for m in run.measurements]
    assert positions == sorted(positions)
    (session,) = run.sessions
    assert 0 <= session.rested_s < 60
    assert 0 <= session.waited_s < 60


def test_setbacks_put_a_phone_into_quarantine_and_its_name_lets_it_back_in(devbench: Devbench, rig: Rig) -> None:
    command = ("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 1)
    device, folder = rig.device(NEW), Path(devbench.environment["DEVBENCH_HOME"], "quarantine")
    for night in ("night-1", "night-2"):
        set_back(folder, device, Setback(at="2026-01-01T03:00:00Z", run_id=night, kind="offline", reason="gone"))
    rig.forget(NEW)
    with rig.faults(NEW, "noexec"):
        third = devbench(*command)
    assert third.returncode == 3
    assert "is in quarantine: it failed in 3 sessions in a row" in third.stderr
    out = devbench(*command)
    assert out.returncode == 3
    assert "[quarantined]" in out.stderr
    assert f"devbench devices --release {device}" in out.stderr
    listed = devbench("devices")
    assert f"{device} [quarantined] it failed in 3 sessions in a row" in listed.stdout
    setbacks = json.loads(devbench("devices", "--json").stdout)["setbacks"]
    assert [len(record["setbacks"]) for record in setbacks] == [3]
    assert rig.phones[NEW].serial not in json.dumps(setbacks)
    assert devbench("devices", "--release", "nobody").returncode == 2
    assert devbench("devices", "--release", device).returncode == 0
    assert devbench(*command).returncode == 0


@pytest.mark.slow
def test_killed_at_twenty_random_points_a_run_still_ends_whole(devbench: Devbench, rig: Rig) -> None:
    """kill -9 after a random share of a second, again and again; --resume does what is left, nothing twice."""
    chance = random.Random(20)
    command: tuple[Any, ...] = ("run", GATE, "--device", rig.phones[OLD].serial, "--rounds", 25)
    for _ in range(20):
        process = devbench.start(*command)
        try:
            process.wait(chance.uniform(0.2, 6.0))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        if list((devbench.folder / "results").glob("*/run.json")):
            command = ("run", "--resume", run_of(devbench).name)
    done = devbench.process(*command, timeout=300)
    assert done.returncode == 0, done.stderr
    assert_whole(run_of(devbench))
    assert rig.leftovers(OLD) == []
