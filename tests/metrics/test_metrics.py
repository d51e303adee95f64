"""Each metric says what was planted, or None with the reason; a new metric is one new file."""

from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import make_run, phone

import devbench.metrics
from devbench.domain.measurement import Failure
from devbench.domain.summary import Cell, Estimate
from devbench.metrics import all_metrics, all_scrapes
from devbench.summary import cells_of, summarise

MEMINFO = """Applications Memory Usage (in Kilobytes):
Uptime: 1000 Realtime: 1000

** MEMINFO in pid 4242 [devbench-runner] **
                   Pss  Private  Private  SwapPss     Heap     Heap     Heap
                 Total    Dirty    Clean    Dirty     Size    Alloc     Free
                ------   ------   ------   ------   ------   ------   ------
  Native Heap     3000     2900        0        0     4000     3000     1000
   Other mmap     2000     1500      300        0
        TOTAL     5000     4400      300        0     4000     3000     1000
"""


def first_cell(**planted: object) -> Cell:
    return cells_of(make_run(**planted))[0]


def with_resources(cell: Cell, **changes: object) -> Cell:
    """`cell` with its resources runs changed."""
    runs = tuple(replace(m, **changes) if m.pass_name == "resources" else m for m in cell.measurements)
    return replace(cell, measurements=runs)


def estimate(cell: Cell, name: str, phase: str = "") -> Estimate:
    return next(m for m in all_metrics() if (m.name, m.phase) == (name, phase)).estimate(cell)


def test_names_and_units_are_those_that_scripts_rely_on() -> None:
    units = {(m.name, m.phase): m.unit for m in all_metrics()}
    for expected in (
        ("latency", "load", "ns"), ("latency", "first", "ns"), ("latency", "steady", "ns"), ("size", "", "byte"),
        ("peak_rss", "", "byte"), ("pss", "", "byte"), ("cpu", "", "percent"), ("cpu_share", "", "percent"),
        ("cpu_time_per_inference", "", "ns"), ("nodes_executed", "", "count"),
    ):  # fmt: skip
        assert units[expected[:2]] == expected[2]


def test_an_estimate_carries_its_metrics_name_phase_and_unit() -> None:
    cell = first_cell()
    for metric in all_metrics():
        found = metric.estimate(cell)
        assert (found.metric, found.phase, found.unit) == (metric.name, metric.phase, metric.unit)
        assert (found.value is None) == (found.reason is not None)


def test_steady_latency_is_the_planted_one_with_runs_as_the_unit_of_replication() -> None:
    found = estimate(first_cell(latencies_ns={"fp32": 20e6}), "latency", "steady")
    assert found.value == pytest.approx(20e6, rel=0.01)
    assert (found.rounds, found.n) == (8, 480)
    assert found.low is not None and found.high is not None and found.low < found.value < found.high


def test_one_round_gives_a_value_without_an_interval() -> None:
    found = estimate(first_cell(rounds=1), "latency", "steady")
    assert found.value is not None and found.low is None and found.high is None


def test_cpu_is_time_over_wall_and_shared_by_all_cores() -> None:
    cell = first_cell()
    assert estimate(cell, "cpu").value == pytest.approx(350.0, rel=1e-6)
    assert estimate(cell, "cpu_share").value == pytest.approx(350.0 / 4, rel=1e-6)
    steady = next(m for m in cell.measurements if m.pass_name == "resources")
    usage = next(u for u in steady.usage if u.phase == "steady")
    expected = (usage.utime_ns + usage.stime_ns) / len(steady.samples_ns("steady"))
    assert estimate(cell, "cpu_time_per_inference").value == pytest.approx(expected)


def test_an_idle_process_has_zero_cpu_not_an_error() -> None:
    cell = first_cell()
    run = next(m for m in cell.measurements if m.pass_name == "resources")
    idle = tuple(replace(u, utime_ns=0, stime_ns=0) for u in run.usage)
    assert estimate(with_resources(cell, usage=idle), "cpu").value == 0.0


def test_the_peak_is_the_higher_of_load_and_steady() -> None:
    cell = first_cell()
    run = next(m for m in cell.measurements if m.pass_name == "resources")
    high_load = tuple(replace(u, vm_hwm_bytes=10**9 if u.phase == "load" else 5) for u in run.usage)
    assert estimate(with_resources(cell, usage=high_load), "peak_rss").value == 10**9


def test_pss_comes_from_meminfo_and_from_the_kernel_where_that_is_silent() -> None:
    cell = first_cell()
    assert estimate(with_resources(cell, scrapes={"meminfo": MEMINFO}), "pss").value == 5000 * 1024
    rollup = "Rss: 900 kB\nPss: 700 kB\nPrivate_Clean: 100 kB\nPrivate_Dirty: 400 kB\n"
    both = {"meminfo": "No process found for: 4242\n", "smaps_rollup": rollup}
    assert estimate(with_resources(cell, scrapes=both), "pss").value == 700 * 1024
    assert estimate(with_resources(cell, scrapes=both), "uss").value == 500 * 1024


def test_what_was_not_understood_is_none_with_the_reason() -> None:
    found = estimate(with_resources(first_cell(), scrapes={"meminfo": "Permission denied"}), "pss")
    assert found.value is None
    assert found.reason is not None and "meminfo was not understood" in found.reason


def test_what_no_run_measured_says_so() -> None:
    found = estimate(first_cell(resources=False), "peak_rss")
    assert (found.value, found.reason) == (None, "no run of pass resources")
    failure = Failure(kind="crash", cause="signal 11")
    failed = first_cell(failures={("phone-000000", "fp32"): failure})
    assert "failed (crash)" in (estimate(failed, "latency", "steady").reason or "")


def test_nodes_come_from_the_engine_or_from_the_profile_or_are_unknown() -> None:
    cell = first_cell(ops=True)
    assert estimate(cell, "nodes_executed").value == 31
    silent = [replace(m, actual=replace(m.actual, nodes=None)) for m in cell.measurements if m.actual]
    assert estimate(replace(cell, measurements=tuple(silent)), "nodes_executed").value == 3
    mute = tuple(replace(m, ops=()) for m in silent)
    assert "does not say" in (estimate(replace(cell, measurements=mute), "nodes_executed").reason or "")


def test_scrapes_name_the_measured_process() -> None:
    scrapes = {s.name: s.command.format(pid=42) for s in all_scrapes()}
    assert scrapes["meminfo"] == "dumpsys meminfo 42"
    assert scrapes["smaps_rollup"] == "cat /proc/42/smaps_rollup"
    assert len(scrapes) == len(all_scrapes())


NEW_METRIC = """
from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.metrics.base import Reading, Scrape, metric_of_runs


def _faults(cell: Cell, measurement: Measurement) -> Reading:
    return Reading(value=float(len(measurement.argv)))


METRICS = (
    metric_of_runs(_faults, name="words", unit="count", label="Words", pass_name="latency", column=95),
)
SCRAPES = (Scrape(name="uptime", command="cat /proc/uptime"),)
"""


def test_a_metric_is_added_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "words_metric.py").write_text(NEW_METRIC)
    monkeypatch.setattr(devbench.metrics, "__path__", [*devbench.metrics.__path__, str(tmp_path)])
    found = summarise(make_run(phones=(phone(0),)))[0].estimate("words")
    assert found is not None and found.value == 4
    assert "uptime" in [s.name for s in all_scrapes()]

    from devbench.reports import build_report
    from devbench.reports.table import build_table

    assert "Words" in [column.label for column in build_table(build_report(make_run())).columns]


def test_faults_switches_and_cpu_time_are_those_of_the_kernel() -> None:
    cell = first_cell()
    run = next(m for m in cell.measurements if m.pass_name == "resources")
    counts = {"minor_faults": 7, "major_faults": 0, "voluntary_switches": 3, "involuntary_switches": 11}
    counted = with_resources(cell, usage=tuple(replace(u, **counts, rss_shmem_bytes=4096) for u in run.usage))
    assert {name: estimate(counted, name, "steady").value for name in counts} == counts
    assert estimate(counted, "rss_shmem", "load").value == 4096
    usage = next(u for u in run.usage if u.phase == "steady")
    assert estimate(cell, "cores_busy").value == pytest.approx(3.5, rel=1e-6)
    assert estimate(cell, "cpu_time", "steady").value == usage.utime_ns + usage.stime_ns
    assert "could not read major_faults" in (estimate(cell, "major_faults", "steady").reason or "")


SUMMARY = """
 App Summary
                       Pss(KB)
                        ------
           Java Heap:        0
         Native Heap:     2900
                Code:     1800
               Stack:       48
            Graphics:        0
       Private Other:      100
              System:      152

               TOTAL:     5000      TOTAL SWAP (KB):        0
"""


def test_memory_by_category_is_that_of_the_app_summary_and_unknown_before_it_came() -> None:
    told = with_resources(first_cell(), scrapes={"meminfo": MEMINFO + SUMMARY})
    assert estimate(told, "pss_native_heap").value == 2900 * 1024
    assert estimate(told, "pss_graphics").value == 0
    old = with_resources(first_cell(), scrapes={"meminfo": MEMINFO})
    assert estimate(old, "pss_code").value is None
