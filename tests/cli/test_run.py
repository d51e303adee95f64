"""`devbench run` as scripts see it: streams, files, exit codes, and what is left after being ended."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rig import MODELS, NEW, OLD, Rig, leased
from started import Devbench, make_devbench

from devbench import store, virtual
from devbench.parse import parse_benchmark_model

SUMMARY = (
    "run_id, device, device_model, virtual, model, variant, format, engine, engine_version, runner, delegate, "
    "threads, cores, abi, metric, phase, unit, value, low, high, n, rounds, status, verdict, taints"
)
SAMPLES = "run_id, device, variant, engine, runner, threads, round, attempt, phase, index, ns"
GATE = MODELS / "and-gate.tflite"


def rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with open(path, newline="") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or ()), list(reader)


def statuses(folder: Path) -> list[str]:
    return [record["status"] for record in records(folder)]


def only_run(folder: Path) -> Path:
    (found,) = [path.parent for path in (folder / "results").glob("*/run.json")]
    return found


def wait_for_records(devbench: Devbench, count: int, process: subprocess.Popen[str]) -> Path:
    """The run's folder once it has `count` records; the process must live so long."""
    while True:
        assert process.poll() is None, process.communicate()
        for header in (devbench.folder / "results").glob("*/run.json"):
            records = header.parent / "records.jsonl"
            if count == 0 or (records.exists() and records.read_text().count("\n") >= count):
                return header.parent


def test_a_run_on_virtual_phones_has_every_file_and_leaves_no_phone(tmp_path: Path) -> None:
    """`--device virtual` needs no phone, no server of the user's, and cleans up after itself."""
    devbench = make_devbench(tmp_path, tmp_path / "home", 1)
    done = devbench.process("run", GATE, "--device", "virtual", "--rounds", 1)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])
    assert (tmp_path / folder / "run.json").is_file()
    run = tmp_path / folder
    header = json.loads((run / "run.json").read_text())
    assert header["run_id"] == run.name
    assert {job["job_id"] for job in header["jobs"]} == {
        json.loads(line)["job_id"] for line in (run / "records.jsonl").read_text().splitlines()
    }
    assert statuses(run) == ["ok"] * 4
    assert {p.stem for p in (run / "logs").iterdir()} == {job["job_id"] for job in header["jobs"]}
    for name in ("report.html", "summary.csv", "samples.csv", "report.md", "report.json"):
        assert (run / "report" / name).stat().st_size > 0
    names, summary = rows(run / "report" / "summary.csv")
    assert ", ".join(names) == SUMMARY
    assert {(row["metric"], row["phase"]) for row in summary} >= {
        ("latency", "load"), ("latency", "first"), ("latency", "steady"), ("size", ""), ("peak_rss", ""),
        ("pss", ""), ("cpu", ""),
    }  # fmt: skip
    assert {row["virtual"] for row in summary} <= {"true", "True", "1"}
    names, samples = rows(run / "report" / "samples.csv")
    assert ", ".join(names) == SAMPLES
    assert all(int(row["ns"]) > 0 for row in samples)
    assert "pushed" in done.stderr
    assert "pushed" not in done.stdout
    assert virtual.running(home=tmp_path / "home" / "virtual") == ()
    assert not (tmp_path / "home" / "virtual" / "server.json").exists()


def test_json_is_one_object_on_stdout(devbench: Devbench, rig: Rig) -> None:
    done = devbench("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 1, "--json")
    data = json.loads(done.stdout)
    assert done.returncode == data["exit_code"] == 0
    assert (devbench.folder / data["folder"] / "records.jsonl").is_file()
    assert rig.phones[NEW].serial not in done.stdout, "serials stay out of what is shown"


def test_the_stock_tools_words_are_on_stdout_for_scripts(devbench: Devbench, rig: Rig) -> None:
    options = ("--device", rig.phones[NEW].serial, "--rounds", 1, "--format", "benchmark_model")
    done = devbench("run", GATE, *options)
    assert done.returncode == 0, done.stderr
    told = parse_benchmark_model(done.stdout)
    folder = devbench.folder / done.stdout.splitlines()[-1]
    (measured,) = [r for r in records(folder) if r["pass_name"] == "latency"]
    steady = next(series for series in measured["series"] if series["phase"] == "steady")["values_ns"]
    assert told.count == len(steady)
    assert told.min_us == min(steady) / 1000


def test_a_dry_run_shows_the_plan_and_touches_nothing(devbench: Devbench, rig: Rig) -> None:
    rig.forget(NEW)
    done = devbench("run", GATE, "--device", rig.phones[NEW].serial, "--dry-run")
    assert done.returncode == 0
    assert done.stdout.count("and-gate") == 4
    assert not (devbench.folder / "results").exists()
    assert "devbench" not in rig.phone(NEW).shell("ls /data/local/tmp").stdout.split()


@pytest.mark.parametrize("kills", [(1,), pytest.param((0, 1, 3), marks=pytest.mark.slow)])
def test_killed_again_and_again_a_run_still_ends_whole(
    devbench: Devbench, rig: Rig, kills: tuple[int, ...]
) -> None:
    """kill -9 before the first job, in the middle, and later; --resume does what is left, and nothing twice."""
    serial = rig.phones[OLD].serial
    command: tuple[object, ...] = ("run", GATE, "--device", serial, "--rounds", 3)
    for records in kills:
        process = devbench.start(*command)
        folder = wait_for_records(devbench, records, process)
        process.kill()
        process.communicate()
        before = statuses(folder)
        assert before == ["ok"] * len(before)
        command = ("run", "--resume", folder.name)
    done = devbench(*command)
    assert done.returncode == 0, done.stderr
    run = store.RunFolder(folder).read()
    assert sorted(m.job_id for m in run.measurements if m.status == "ok") == sorted(
        j.job_id for j in run.header.jobs
    )
    assert len(run.measurements) == len(run.header.jobs)
    assert rig.leftovers(OLD) == []
    again = devbench("run", "--resume", "latest")
    assert again.returncode == 0
    assert "nothing is left to do" in again.stderr
    assert len(statuses(folder)) == len(run.header.jobs)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_keeps_everything_and_says_how_to_go_on(
    devbench: Devbench, rig: Rig, number: signal.Signals
) -> None:
    process = devbench.start("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 5)
    folder = wait_for_records(devbench, 2, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    kept = statuses(folder)
    assert kept == ["ok"] * len(kept)
    assert 2 <= len(kept) < 6
    assert f"devbench run --resume results/{folder.name}" in err
    assert out.splitlines()[-1] == f"results/{folder.name}"
    assert (folder / "report" / "report.html").is_file()
    assert rig.processes(NEW) == []
    assert rig.leftovers(NEW) == []


def test_resume_refuses_what_contradicts_the_run(devbench: Devbench, rig: Rig) -> None:
    process = devbench.start("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 2, "--seed", 3)
    folder = wait_for_records(devbench, 0, process)
    process.kill()
    process.communicate()
    for options, named in (
        (("--rounds", 3), "--rounds 3 contradicts the run, which has --rounds 2"),
        (("--seed", 0), "--seed 0"), (("--threads", "2"), "--threads 2"), (("--profile", "standard"), "--profile"),
        (("--delegate", "none"), "--delegate none"), ((MODELS / "two-inputs.tflite",), "two-inputs"),
        (("--device", "all"), "--device all"),
    ):  # fmt: skip
        done = devbench("run", "--resume", folder.name, *options)
        assert (done.returncode, named in done.stderr) == (2, True), done.stderr
    agreeing = ("--rounds", 2, "--seed", 3, "--profile", "quick", "--device", rig.phones[NEW].serial, GATE)
    assert devbench("run", "--resume", folder.name, *agreeing, "--dry-run").returncode == 0


def test_a_model_or_phone_that_changed_is_not_mixed_into_a_run(devbench: Devbench, rig: Rig) -> None:
    model = devbench.folder / "m.tflite"
    model.write_bytes(GATE.read_bytes())
    process = devbench.start("run", model, "--device", rig.phones[NEW].serial, "--rounds", 2)
    folder = wait_for_records(devbench, 0, process)
    process.kill()
    process.communicate()
    model.write_bytes((MODELS / "two-inputs.tflite").read_bytes())
    done = devbench("run", "--resume", folder.name)
    assert done.returncode == 2
    assert "is not the file of this run any more" in done.stderr
    model.unlink()
    assert "is gone" in devbench("run", "--resume", folder.name).stderr


def test_a_phone_in_use_is_refused_with_its_holder(devbench: Devbench, rig: Rig) -> None:
    leases = Path(devbench.environment["DEVBENCH_HOME"]) / "leases"
    import os

    with leased(leases, rig.selection(NEW)):
        done = devbench.process("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 1)
    assert done.returncode == 3
    assert "[busy]" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert not list((devbench.folder / "results").glob("*/run.json"))


def test_a_failing_model_is_a_result_with_exit_1(devbench: Devbench, rig: Rig) -> None:
    from made_models import write_unknown_operator

    bad = write_unknown_operator(devbench.folder / "dance.tflite")
    done = devbench("run", bad, GATE, "--device", rig.phones[NEW].serial, "--rounds", 1)
    assert done.returncode == 1
    _, summary = rows(only_run(devbench.folder) / "report" / "summary.csv")
    latency = {
        row["variant"]: row for row in summary if (row["metric"], row["phase"]) == ("latency", "steady")
    }
    assert latency["and-gate"]["status"] == "ok"
    assert (latency["dance"]["status"], latency["dance"]["verdict"]) == ("failed", "unsupported-op")
    assert latency["dance"]["value"] == ""
    assert "unsupported-op" in done.stdout


def test_no_phone_that_could_be_measured_is_exit_3_with_the_run_kept(devbench: Devbench, rig: Rig) -> None:
    rig.forget(NEW)
    with rig.faults(NEW, "noexec"):
        done = devbench("run", GATE, "--device", rig.phones[NEW].serial, "--rounds", 1)
    assert done.returncode == 3
    assert "Permission denied" in done.stderr
    assert "--device virtual" in done.stderr
    assert statuses(only_run(devbench.folder)) == ["skipped"] * 2
    done = devbench("run", "--resume", "latest")
    assert done.returncode == 0
    assert statuses(only_run(devbench.folder)) == ["skipped"] * 2 + ["ok"] * 2


def records(folder: Path) -> list[dict[str, Any]]:
    path = folder / "records.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_phones_of_a_second_adb_server_are_reached_by_its_address(devbench: Devbench, tmp_path: Path) -> None:
    """host:port/serial, beside the user's own server, which has other phones; reports name neither."""
    home = tmp_path / "elsewhere"
    address = virtual.private_server(home=home)
    try:
        (phone,) = virtual.up(["lg-v60"], server=address, home=home)
        done = devbench("run", GATE, "--device", f"localhost:{address.port}/{phone.serial}", "--rounds", 1)
        run = only_run(devbench.folder)
        header = json.loads((run / "run.json").read_text())
        assert done.returncode == 0, done.stderr
        assert [device["serial"] for device in header["devices"]] == [phone.serial]
        assert set(statuses(run)) == {"ok"}
        assert phone.serial not in (run / "report" / "report.html").read_text()
    finally:
        virtual.down(None, home=home)
        virtual.stop_private_server(home=home)
