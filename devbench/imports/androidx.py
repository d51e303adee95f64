"""JSON of androidx.benchmark (`…-benchmarkData.json`): a benchmark is a process, its runs are steady samples."""

from __future__ import annotations

import re
from typing import Any

from devbench.domain.measurement import Series
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

KIND = "androidx-benchmark"
DEFAULT_METRIC = "timeNs"
_UNIT = re.compile(r"(Ns|Us|Ms)$")
_UNITS_NS = {"Ns": 1.0, "Us": 1e3, "Ms": 1e6}


def looks_like_it(data: dict[str, Any]) -> bool:
    rows = data.get("benchmarks")
    return isinstance(rows, list) and any(isinstance(row, dict) and "className" in row for row in rows)


def read_androidx(data: dict[str, Any], metric: str | None) -> ImportedFile:
    """`metric` ends in its unit (Ns, Us, Ms); `timeNs` where None. ParseError when no benchmark has it."""
    name = metric or DEFAULT_METRIC
    unit = _UNIT.search(name)
    if unit is None:
        raise ParseError(
            f"metric {name!r} does not end in a unit of time (Ns, Us, Ms)", reason="no-such-metric"
        )
    context = object_or_empty(data.get("context"))
    rows = [row for row in data["benchmarks"] if isinstance(row, dict)]
    locked = context.get("cpuLocked")
    processes = [_process(row, name, _UNITS_NS[unit[1]], locked if isinstance(locked, bool) else None)
                 for row in rows if _metric(row, name) is not None]  # fmt: skip
    if not processes:
        has = sorted({each for row in rows for each in _metrics(row) if _UNIT.search(each)})
        raise ParseError(
            f"no benchmark has metric {name}; there are: {', '.join(has) or 'none of time'}",
            reason="no-such-metric", fix="name one with --metric" if has else None,
        )  # fmt: skip
    return ImportedFile(kind=KIND, processes=tuple(processes), owner=_owner(context))


def _owner(context: dict[str, Any]) -> Owner:
    build = object_or_empty(context.get("build"))
    version = object_or_empty(build.get("version"))
    return Owner(
        model=text_or_none(build.get("model")),
        manufacturer=text_or_none(build.get("brand")),
        fingerprint=text_or_none(build.get("fingerprint")),
        sdk=whole_or_none(version.get("sdk")),
        ram_bytes=whole_or_none(context.get("memTotalBytes")),
    )


def _process(row: dict[str, Any], name: str, unit_ns: float, locked: bool | None) -> ImportedProcess:
    metric = _metric(row, name) or {}
    runs = metric.get("runs")
    values = [
        ns for each in (runs if isinstance(runs, list) else []) if (ns := number_or_none(each)) is not None
    ]
    words = []
    if not values and (middle := number_or_none(metric.get("median"))) is not None:
        values, words = [middle], ["the file holds no runs, only their median"]
    repeats = whole_or_none(row.get("repeatIterations"))
    if repeats is not None and repeats > 1 and name == DEFAULT_METRIC:
        words.append(f"each value is a mean over {repeats} iterations")
    slept_s = number_or_none(row.get("thermalThrottleSleepSeconds"))
    if slept_s:
        words.append(f"the phone was throttled: it rested for {slept_s:.0f} s in between")
    return ImportedProcess(
        variant=_variant(row) + ("" if name == DEFAULT_METRIC else f" {name}"),
        runner=KIND,
        series=(Series(phase="steady", values_ns=tuple(round(v * unit_ns) for v in values)),)
        if values
        else (),
        cpu_locked=locked,
        words=tuple(words),
    )


def _variant(row: dict[str, Any]) -> str:
    """`Class.method`, with its parameters, which are part of newer names only."""
    name = text_or_none(row.get("name")) or "benchmark"
    owner = (text_or_none(row.get("className")) or "").rpartition(".")[2]
    params = row.get("params")
    told = ",".join(f"{k}={v}" for k, v in sorted(params.items())) if isinstance(params, dict) else ""
    shown = f"[{told}]" if told and "[" not in name else ""
    return f"{owner}.{name}{shown}" if owner else f"{name}{shown}"


def _metrics(row: dict[str, Any]) -> dict[str, Any]:
    return object_or_empty(row.get("metrics"))


def _metric(row: dict[str, Any], name: str) -> dict[str, Any] | None:
    found = _metrics(row).get(name)
    return found if isinstance(found, dict) else None
