"""Google Benchmark's JSON: each repetition a process with one value, its mean over iterations.

Where only aggregates were kept, the mean, else the median, is the one value of one process.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from devbench.domain.measurement import Failure, Series, ToolTold
from devbench.errors import ParseError
from devbench.imports.base import (
    ImportedFile,
    ImportedProcess,
    Owner,
    number_or_none,
    object_or_empty,
    text_or_none,
    whole_or_none,
)

KIND = "google-benchmark"
_UNITS_NS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def looks_like_it(data: dict[str, Any]) -> bool:
    rows = data.get("benchmarks")
    return isinstance(rows, list) and all(isinstance(r, dict) and "className" not in r for r in rows)


def read_google_benchmark(data: dict[str, Any]) -> ImportedFile:
    """ParseError when no row has a time."""
    context = object_or_empty(data.get("context"))
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in data["benchmarks"]:
        name = text_or_none(row.get("run_name")) or text_or_none(row.get("name"))
        if name is not None and not {"big_o", "rms"} & set(row):
            groups[name].append(row)
    processes = tuple(p for name, rows in groups.items() for p in _processes(name, rows))
    if not processes:
        raise ParseError("Google Benchmark's JSON without a single time in it", reason="empty")
    scaling = context.get("cpu_scaling_enabled")
    notes = []
    if scaling is True:
        notes.append("CPU scaling was enabled: Google Benchmark itself warns of noise.")
    if context.get("library_build_type") == "debug":
        notes.append("Google Benchmark's library was built as debug.")
    return ImportedFile(
        kind=KIND,
        processes=processes,
        owner=Owner(model=text_or_none(context.get("host_name"))),
        date=text_or_none(context.get("date")),
        notes=tuple(notes),
    )


def _processes(name: str, rows: list[dict[str, Any]]) -> list[ImportedProcess]:
    # before version 1.5 a row has no run_type, and an aggregate is told by its name alone
    runs = [r for r in rows if r.get("run_type", "iteration") == "iteration"]
    found = [process for row in runs if (process := _process(name, row)) is not None]
    if found:
        return found
    for statistic in ("mean", "median"):
        for row in rows:
            if (
                row.get("aggregate_name") == statistic
                and (process := _process(name, row, statistic)) is not None
            ):
                return [process]
    return []


def _process(name: str, row: dict[str, Any], statistic: str | None = None) -> ImportedProcess | None:
    time, unit = number_or_none(row.get("real_time")), _UNITS_NS.get(str(row.get("time_unit", "ns")))
    threads = whole_or_none(row.get("threads"))
    if row.get("error_occurred") is True:
        cause = text_or_none(row.get("error_message")) or "the benchmark says no more than that it failed"
        return ImportedProcess(
            variant=name, runner=KIND, threads=threads, failure=Failure(kind="crash", cause=cause)
        )
    if time is None or unit is None or time <= 0:
        return None
    average_ns = round(time * unit)
    words = () if statistic is None else (f"the {statistic} of {row.get('repetitions', '?')} repetitions",)
    return ImportedProcess(
        variant=name,
        runner=KIND,
        threads=threads,
        series=(Series(phase="steady", values_ns=(average_ns,)),),
        told=ToolTold(
            tool=None,
            era=None,
            # of an aggregate it counts repetitions
            count=whole_or_none(row.get("iterations")) if statistic is None else None,
            avg_ns=average_ns,
            warnings=words,
        ),
        words=words,
    )
