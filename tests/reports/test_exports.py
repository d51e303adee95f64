"""Files for other tools (Google Benchmark, github-action-benchmark, JUnit): keys, nothing made up, no serial."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from statistics import mean, median, stdev
from xml.etree import ElementTree as ET

import pytest
from made_runs import HOSTILE, LOW_BATTERY, SERIAL, SERIALNO, backend, make_run, phone, variant

from devbench.domain.measurement import Failure
from devbench.reports import build_report, write_reports
from devbench.reports.base import Report
from devbench.reports.cell_names import named_cells

CRASH = Failure(
    kind="crash", cause=f"signal 11 on {SERIAL}-0", evidence="#00 pc 0\x01\x1b[31m", fix="another"
)
AWAY = Failure(kind="offline", cause="it went away")


def written(report: Report, name: str, folder: Path) -> list[Path]:
    return list(write_reports(report, [name], folder))


def google(report: Report, folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in written(report, "google-benchmark", folder)]


def test_processes_are_repetitions_of_google_benchmark(tmp_path: Path) -> None:
    """Keys as json_reporter.cc writes them; aggregates are those of the repetitions, the value is ours."""
    report = build_report(make_run(control=False))
    (data,) = google(report, tmp_path)
    assert {"date", "host_name", "executable", "num_cpus", "mhz_per_cpu", "caches", "load_avg",
            "library_version", "library_build_type", "json_schema_version"} <= set(data["context"])  # fmt: skip
    name, summary = named_cells(report)[0]
    assert name == "fp32/litert/xnnpack/threads:4/big/native/arm64-v8a"
    rows = [b for b in data["benchmarks"] if b["run_name"] == name]
    runs = [b for b in rows if b["run_type"] == "iteration"]
    assert [b["repetition_index"] for b in runs] == list(range(8)) and {b["name"] for b in runs} == {name}
    assert {(b["repetitions"], b["threads"], b["iterations"], b["time_unit"]) for b in runs} == {
        (8, 4, 60, "ns")
    }
    times = [b["real_time"] for b in runs]
    assert times == [median(m.samples_ns("steady")) for m in summary.cell.of_pass("latency")]
    aggregates = {b["aggregate_name"]: b for b in rows if b["run_type"] == "aggregate"}
    assert {n: (b["name"], b["aggregate_unit"]) for n, b in aggregates.items()} == {
        n: (f"{name}_{n}", "percentage" if n == "cv" else "time")
        for n in ("mean", "median", "stddev", "cv", "value")
    }
    real = {n: b["real_time"] for n, b in aggregates.items()}
    assert real["mean"] == pytest.approx(mean(times)) and real["stddev"] == pytest.approx(stdev(times))
    steady = summary.estimate("latency", "steady")
    assert steady and (real["value"], aggregates["value"]["low"]) == (steady.value, steady.low)


def test_what_was_not_measured_has_no_key_and_failures_say_why(tmp_path: Path) -> None:
    """Not a zero, as that format's own failed runs have."""
    failures = {("phone-000000", "int8"): CRASH, ("phone-000001", "int8"): AWAY}
    report = build_report(make_run(phones=(phone(0), phone(1)), failures=failures, control=False))
    first, second = google(report, tmp_path)
    (crashed,) = (b for b in first["benchmarks"] if b["name"].startswith("int8"))
    (away,) = (b for b in second["benchmarks"] if b["name"].startswith("int8"))
    assert crashed["error_occurred"] is True and crashed["error_message"].startswith("crash: signal 11")
    assert away["skipped"] is True and away["skip_message"] == "offline: it went away"
    assert not {"real_time", "cpu_time", "iterations"} & (set(crashed) | set(away))
    # latency runs of this made run told nothing of CPU time
    assert not [b for b in first["benchmarks"] if "cpu_time" in b]


def test_cpu_time_is_that_of_the_same_process(tmp_path: Path) -> None:
    run = make_run(control=False, samples=10)
    donor = next(m for m in run.measurements if m.pass_name == "resources")
    run = replace(run, measurements=tuple(replace(m, usage=donor.usage) for m in run.measurements))
    (data,) = google(build_report(run), tmp_path)
    steady = next(u for u in donor.usage if u.phase == "steady")
    one = next(b for b in data["benchmarks"] if b["run_type"] == "iteration")
    assert one["cpu_time"] == (steady.utime_ns + steady.stime_ns) / 10


def test_rows_have_one_name_each_and_the_same_in_every_run() -> None:
    """A version stands in a name only where two are in the run."""
    one = named_cells(build_report(make_run(control=False)))
    versions = (backend(), backend(engine_version="2.4.0"))
    two = named_cells(build_report(make_run(control=False, backends=versions)))
    assert [n for n, _ in one] == [
        f"{v}/litert/xnnpack/threads:4/big/native/arm64-v8a" for v in ("fp32", "int8")
    ]
    assert "fp32/litert@2.4.0/xnnpack/threads:4/big/native/arm64-v8a" in [n for n, _ in two]
    assert len({n for n, _ in two}) == 4


def test_github_action_benchmark_takes_what_is_better_smaller(tmp_path: Path) -> None:
    """Its five keys, range and extra as text; no control, no row without a number, nothing that is better large."""
    run = make_run(
        failures={("phone-000000", "int8"): CRASH}, taints={("phone-000000", "fp32"): (LOW_BATTERY,)}
    )
    report = build_report(run)
    (path,) = written(report, "github-action-benchmark", tmp_path)
    entries = json.loads(path.read_text())
    assert {frozenset(e) for e in entries} <= {
        frozenset({"name", "unit", "value", "extra"}), frozenset({"name", "unit", "value", "extra", "range"}),
    }  # fmt: skip
    assert {type(e["value"]) for e in entries} <= {int, float} and len({e["name"] for e in entries}) == len(
        entries
    )
    assert {e["name"].split("/")[1] for e in entries} == {"fp32"}
    metrics = {e["name"].rpartition("/")[2] for e in entries}
    assert {
        "latency.steady",
        "latency.load",
        "latency.first",
        "size",
    } <= metrics and "accuracy" not in metrics
    steady = next(e for e in entries if e["name"].endswith("latency.steady"))
    assert steady["unit"] == "ns" and re.fullmatch(r"± [0-9.]+", steady["range"])
    assert "taints: LOW-BATTERY" in steady["extra"] and "processes: 8" in steady["extra"]


def test_junit_has_a_case_a_row_with_the_kind_of_failure(tmp_path: Path) -> None:
    failures = {("phone-000000", "int8"): CRASH, ("phone-000001", "int8"): AWAY}
    report = build_report(make_run(phones=(phone(0), phone(1)), failures=failures))
    (path,) = written(report, "junit", tmp_path)
    root = ET.fromstring(path.read_bytes())
    assert [root.get(n) for n in ("tests", "failures", "errors", "skipped")] == ["6", "1", "0", "1"]
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"phone-000000", "phone-000001"}
    failed = suites["phone-000000"].find("testcase/failure")
    skipped = suites["phone-000001"].find("testcase/skipped")
    assert failed is not None and failed.get("type") == "crash" and "signal 11" in failed.get("message", "")
    assert skipped is not None and skipped.get("message") == "offline: it went away"
    good = next(c for c in suites["phone-000000"].iter("testcase") if c.get("name", "").startswith("fp32"))
    assert len(list(good)) == 1 and float(good.get("time", "0")) > 0
    assert (good.findtext("system-out") or "").startswith("trusted: ")


@pytest.mark.parametrize("name", ["google-benchmark", "github-action-benchmark", "junit", "chrome-trace"])
def test_hostile_names_and_serials_stay_out_of_files_for_others(tmp_path: Path, name: str) -> None:
    """Names are data: the files read back, and lie where they should. Serials come only when asked for."""
    hostile = replace(phone(0), device="../../etc/x", model=HOSTILE)
    run = make_run(
        phones=(hostile,), variants=(variant(HOSTILE + "\x00\x1b"), variant(f"of {SERIAL}-0")),
        failures={("../../etc/x", HOSTILE + "\x00\x1b"): CRASH}, rounds=2, samples=3,
    )  # fmt: skip
    paths = written(build_report(run), name, tmp_path)
    assert paths and all(tmp_path in path.resolve().parents for path in paths)
    texts = [path.read_text("utf-8") for path in paths]
    for path, text in zip(paths, texts, strict=True):
        _ = ET.fromstring(text.encode()) if path.suffix == ".xml" else json.loads(text)
        assert SERIAL not in text and SERIALNO not in text
    open_paths = written(build_report(run, with_serials=True), name, tmp_path / "open")
    assert any(SERIAL in path.read_text("utf-8") for path in open_paths)
