"""Google Benchmark's JSON, for scripts and dashboards that read it: a file a phone, since one has one context.

A process is a repetition and its `real_time` the median of its steady inferences, which all of devbench rests on.
Keys are those of json_reporter.cc of github.com/google/benchmark, version 1.8; `load_ns`, `first_ns`, `low`
and `high` are counters of ours, `value` a statistic of ours.
What was not measured has no key: that format knows no null.
"""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, median, stdev

from devbench.domain.codec import Json
from devbench.domain.measurement import Measurement
from devbench.domain.summary import CellSummary
from devbench.reports.base import Format, Report, file_name
from devbench.reports.cell_names import cells_by_phone
from devbench.summary.processes import Process, processes_of
from devbench.summary.series import clock_state_of

SCHEMA = 1  # of Google Benchmark


def write_google_benchmark(report: Report, folder: Path) -> tuple[Path, ...]:
    """`google-benchmark/<device>.json`."""
    written = []
    for device, cells in cells_by_phone(report).items():
        path = folder / "google-benchmark" / f"{file_name(device)}.json"
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(google_benchmark(report, cells), indent=2, ensure_ascii=False, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")
        written.append(path)
    return tuple(written)


def google_benchmark(report: Report, cells: list[tuple[str, CellSummary]]) -> dict[str, Json]:
    """The named rows of one phone."""
    benchmarks: list[Json] = []
    for index, (name, summary) in enumerate(cells):
        benchmarks += [{**_common(index, name), **entry} for entry in _entries(report, name, summary)]
    return {"context": _context(report, [summary for _, summary in cells]), "benchmarks": benchmarks}


def _context(report: Report, summaries: list[CellSummary]) -> dict[str, Json]:
    header, info = report.run.header, summaries[0].cell.device
    known: dict[str, Json] = {
        "date": header.created_at,
        "host_name": info.device,
        "executable": "devbench",
        "num_cpus": len(info.cores) or None,
        "mhz_per_cpu": _mhz([core.max_khz for core in info.cores if core.max_khz]),
        "cpu_scaling_enabled": _scaling({clock_state_of(s.cell) for s in summaries}),
        "library_version": header.devbench_version,
        "library_build_type": "release",
        "json_schema_version": SCHEMA,
        "run_id": header.run_id,
        "device_model": info.model,
        "android": info.android_release,
        "soc": info.soc,
        "fingerprint": info.fingerprint,
        "labels": ", ".join(info.labels),
    }
    scrubbed = {key: report.scrub(v) if isinstance(v, str) else v for key, v in known.items()}
    return {**{key: v for key, v in scrubbed.items() if v is not None}, "caches": [], "load_avg": []}


def _mhz(known_khz: list[int]) -> int | None:
    return round(max(known_khz) / 1000) if known_khz else None


def _scaling(states: set[str]) -> bool | None:
    """None where the runs do not tell what held the clocks."""
    if states <= {"locked", "fixed-performance"}:
        return False
    return True if states & {"free", "mixed"} else None


def _common(index: int, name: str) -> dict[str, Json]:
    return {"name": name, "family_index": index, "per_family_instance_index": 0, "run_name": name}


def _entries(report: Report, name: str, summary: CellSummary) -> list[dict[str, Json]]:
    told = summary.cell.backend.threads
    threads: dict[str, Json] = {} if told is None else {"threads": told}
    if summary.status != "ok":
        return [{"run_type": "iteration", **threads, **_without_number(report, summary)}]
    runs = [p for p in processes_of(report.run.header, summary.cell) if p.counts and p.median_ns is not None]
    shared: dict[str, Json] = {"repetitions": len(runs), **threads}
    entries = [{**shared, **_repetition(i, p)} for i, p in enumerate(runs)]
    return [
        *entries,
        *({**shared, **a, "name": f"{name}_{a['aggregate_name']}"} for a in _aggregates(summary, runs)),
    ]


def _without_number(report: Report, summary: CellSummary) -> dict[str, Json]:
    failure = summary.failure
    message = report.scrub(f"{failure.kind}: {failure.cause}") if failure else summary.verdict
    if summary.status == "skipped":
        return {"skipped": True, "skip_message": message}
    return {"error_occurred": True, "error_message": message}


def _repetition(index: int, process: Process) -> dict[str, Json]:
    m = process.measurement
    entry: dict[str, Json] = {
        "run_type": "iteration",
        "repetition_index": index,
        "iterations": _iterations(m),
        "real_time": process.median_ns,
        "time_unit": "ns",
    }
    cpu = _cpu_ns(m)
    if cpu is not None:
        entry["cpu_time"] = cpu
    for phase in ("load", "first"):
        values = m.samples_ns(phase)
        if values:
            entry[f"{phase}_ns"] = float(values[0])
    if m.taints:
        entry["label"] = " ".join(taint.id for taint in m.taints)
    return entry


def _iterations(m: Measurement) -> int:
    """What a stock tool averaged over counts, its one value does not."""
    return m.told.count if m.told and m.told.count else len(m.samples_ns("steady"))


def _cpu_ns(m: Measurement) -> float | None:
    """User and system time of one steady inference."""
    used = next((u for u in m.usage if u.phase == "steady"), None)
    n = len(m.samples_ns("steady"))
    return (used.utime_ns + used.stime_ns) / n if used and n else None


def _aggregates(summary: CellSummary, runs: list[Process]) -> list[dict[str, Json]]:
    """As Google Benchmark: only of two repetitions and more."""
    if len(runs) < 2:
        return []
    real = [p.median_ns for p in runs if p.median_ns is not None]
    cpu = [ns for p in runs if (ns := _cpu_ns(p.measurement)) is not None]
    found = []
    for name, unit, statistic in (
        ("mean", "time", mean), ("median", "time", median), ("stddev", "time", stdev),
        ("cv", "percentage", lambda values: stdev(values) / mean(values) if mean(values) else 0.0),
    ):  # fmt: skip
        entry = _aggregate(name, unit, statistic(real), len(runs))
        if len(cpu) == len(runs):
            entry["cpu_time"] = statistic(cpu)
        found.append(entry)
    steady = summary.estimate("latency", "steady")
    if steady is not None and steady.value is not None:
        ours = _aggregate("value", "time", steady.value, len(runs))
        limits = {"low": steady.low, "high": steady.high}
        found.append({**ours, **{k: v for k, v in limits.items() if v is not None}, "label": summary.verdict})
    return found


def _aggregate(name: str, unit: str, value: float, runs: int) -> dict[str, Json]:
    """`iterations` of an aggregate is the number of repetitions, there as here."""
    return {
        "run_type": "aggregate", "aggregate_name": name, "aggregate_unit": unit, "iterations": runs,
        "real_time": value, "time_unit": "ns",
    }  # fmt: skip


FORMATS = (
    Format(
        name="google-benchmark",
        sentence="google-benchmark/<device>.json, processes as repetitions in Google Benchmark's JSON",
        write=write_google_benchmark,
    ),
)
