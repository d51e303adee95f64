"""A run on the phones of a lab's hosts is the run that one host would have made, whatever is lost on the way."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hosts import LabOfProcesses, lab_of_processes, until
from paced import build_paced, write_paced
from rig import MODELS

from devbench import virtual
from devbench.store import RunFolder

if (WHY := virtual.why_not()) is not None:
    pytest.skip(WHY, allow_module_level=True)
pytest.importorskip("distributed")
PHONES = ("pixel-2-xl", "oppo-a37f", "lg-v60", "poco-f6")


def the_run(lab: LabOfProcesses) -> RunFolder:
    (found,) = (lab.submitter.folder / "results").glob("*/run.json")
    return RunFolder(found.parent)


def records(folder: RunFolder) -> list[dict[str, Any]]:
    path = folder.path / "records.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for_records(lab: LabOfProcesses, process: subprocess.Popen[str], count: int) -> None:
    def there() -> bool:
        assert process.poll() is None, process.communicate()
        begun = list((lab.submitter.folder / "results").glob("*/records.jsonl"))
        return bool(begun) and begun[0].read_text().count("\n") >= count

    until(there, f"{count} records")


def assert_complete(folder: RunFolder) -> None:
    """Every job has exactly one `ok` attempt, and no attempt stands there twice."""
    found = records(folder)
    jobs = [job.job_id for job in folder.read().header.jobs]
    assert sorted(r["job_id"] for r in found if r["status"] == "ok") == sorted(jobs)
    assert [key for key, n in Counter((r["job_id"], r["attempt"]) for r in found).items() if n > 1] == []


def test_a_run_through_a_lab_of_one_host(tmp_path: Path) -> None:
    """Every cell, raw logs and outputs too; no serial number on the host that asked; nothing left on the other."""
    pytest.importorskip("ai_edge_litert")
    with lab_of_processes(tmp_path) as lab:
        lab.start_scheduler()
        host = lab.add_host("a", lab.start_phones(*PHONES[:1]))
        lab.until_connected()
        words = ("run", MODELS / "and-gate.tflite", "--rounds", 1, "--passes", "resources", *lab.options)
        process = lab.submitter.start(*words)
        told = lab.submitter.process("lab", "status", "--json", *lab.options)
        assert told.returncode == 0, told.stderr
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        (offer,) = json.loads(told.stdout)["phones"]
        folder = the_run(lab)
        assert (offer["host"], offer["alike"]) == ("127.0.0.1", True)
        assert offer["device"] == folder.read().header.devices[0].device
        assert offer["run_id"] in (None, folder.run_id)
        assert_complete(folder)
        jobs = [job.job_id for job in folder.read().header.jobs]
        assert sorted(path.stem for path in (folder.path / "logs").glob("*.txt")) == sorted(jobs)
        assert len(list((folder.path / "outputs").iterdir())) == 1
        (phone,) = host.phones
        for path in (path for path in folder.path.rglob("*") if path.is_file()):
            assert phone.serial.encode() not in path.read_bytes(), path
        assert list((host.home / "lab" / "runs").glob("*/*")) == []


@pytest.fixture(scope="module")
def paced_run(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """`run` of two models that wait: a process takes about a second, and no core."""
    base = tmp_path_factory.mktemp("paced")
    engine = build_paced(base)
    models = [write_paced(base / f"{name}.tflite", latency_us=20_000, sleep=1) for name in "ab"]
    return ["run", *models, "--engine", f"tflite={engine}", "--rounds", 5, "--passes", "latency"]


@pytest.mark.slow
def test_agents_and_schedulers_die_in_mid_run(tmp_path: Path, paced_run: list[object]) -> None:
    """3 hosts, 12 phones: an agent is killed and comes back, then the scheduler: the same cells, none twice."""
    with lab_of_processes(tmp_path) as lab:
        lab.start_scheduler()
        phones = lab.start_phones(*PHONES * 3)
        for place, name in enumerate("abc"):
            lab.add_host(name, phones[place::3])
        lab.until_connected()
        process = lab.submitter.start(*paced_run, *lab.options)
        wait_for_records(lab, process, 20)
        lab.hosts[1].kill()
        wait_for_records(lab, process, 40)
        lab.start_agent(lab.hosts[1])
        wait_for_records(lab, process, 50)
        lab.kill_scheduler()
        lab.start_scheduler()
        out, err = process.communicate(timeout=400)
        assert process.returncode == 0, out + err
        folder = the_run(lab)
        assert len(folder.read().header.devices) == 12
        assert_complete(folder)
        # the phones of the agent that was killed have a part before it and a part after it, and the report says so
        outcomes = Counter(session.device for session in folder.read().sessions if session.outcome == "interrupted")
        assert len(outcomes) == 4
        page = (folder.path / "report" / "report.html").read_text()
        assert "Session 1 of 2" in page and "interrupted from outside" in page


@pytest.mark.slow
def test_the_submitting_host_dies_and_the_run_is_resumed(tmp_path: Path, paced_run: list[object]) -> None:
    """Sessions go on without it; --resume copies what they measured and measures nothing of that again."""
    with lab_of_processes(tmp_path) as lab:
        lab.start_scheduler()
        lab.add_host("a", lab.start_phones(*PHONES[:2]))
        lab.until_connected()
        process = lab.submitter.start(*paced_run, *lab.options)
        wait_for_records(lab, process, 4)
        process.kill()
        process.communicate()
        folder = the_run(lab)
        ledgers = lab.hosts[0].home / "lab" / "runs" / folder.run_id

        def measured() -> int:
            return sum(path.read_text().count('"do":"record"') for path in ledgers.glob("*/part-*.jsonl"))

        before = measured()
        until(lambda: measured() > before + 2, "a session goes on without its submitter")
        done = lab.submitter.process("run", "--resume", folder.path, *lab.options, timeout=200)
        assert done.returncode == 0, done.stderr
        assert_complete(folder)
        assert {r["attempt"] for r in records(folder)} == {1}, "nothing was measured again"


@pytest.mark.slow
def test_ctrl_c_stops_the_sessions_and_a_phone_that_is_away_is_skipped(
    tmp_path: Path, paced_run: list[object]
) -> None:
    with lab_of_processes(tmp_path) as lab:
        lab.start_scheduler(phone_wait_s=5)
        one, two = lab.start_phones(*PHONES[:2])
        lab.add_host("a", [one])
        lab.add_host("b", [two])
        lab.until_connected()
        process = lab.submitter.start(*paced_run, *lab.options)
        wait_for_records(lab, process, 2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
        folder = the_run(lab)
        ended = {session.device: session.outcome for session in folder.read().sessions}
        assert set(ended.values()) == {"interrupted"} and len(ended) == 2
        process = lab.submitter.start("run", "--resume", folder.path, *lab.options)
        wait_for_records(lab, process, len(records(folder)) + 1)
        lab.hosts[1].kill()
        _, err = process.communicate(timeout=200)
        assert process.returncode == 1, err
        away = [r for r in records(folder) if r["status"] == "skipped"]
        assert away and {r["failure"]["kind"] for r in away} == {"offline"}
        assert len({r["device"] for r in away}) == 1
        lab.start_agent(lab.hosts[1])
        lab.hosts[1].until_connected(2)
        done = lab.submitter.process("run", "--resume", folder.path, *lab.options, timeout=200)
        assert done.returncode == 0, done.stderr
        assert_complete(folder)
        assert [r for r in records(folder) if r["status"] == "discarded"] == [], "nothing was measured twice"
