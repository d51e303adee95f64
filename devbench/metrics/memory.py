"""How much memory the process holds: its peak, and what it shares or owns at steady state of `resources`.

PSS and USS come from outside the process: `dumpsys meminfo`, and /proc's own sum where that is silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.errors import ParseError
from devbench.metrics.base import Metric, Reading, Scrape, metric_of_runs

_ROLLUP_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


def _peak(cell: Cell, measurement: Measurement) -> Reading:
    peaks = [u.vm_hwm_bytes for u in measurement.usage if u.vm_hwm_bytes is not None]
    if not peaks:
        return Reading(value=None, n=0, reason="the runner could not read VmHWM")
    return Reading(value=float(max(peaks)))


def _at_end_of(phase: str, field: str) -> Callable[[Cell, Measurement], Reading]:
    def read(cell: Cell, measurement: Measurement) -> Reading:
        found = [getattr(u, field) for u in measurement.usage if u.phase == phase]
        if not found or found[-1] is None:
            return Reading(value=None, n=0, reason=f"the runner could not read {field} of phase {phase}")
        return Reading(value=float(found[-1]))

    return read


def _pss(cell: Cell, measurement: Measurement) -> Reading:
    told, reason = _meminfo_bytes(measurement, "total_pss_bytes")
    if told is None:
        told = _rollup_bytes(measurement).get("Pss")
    return Reading(value=told, reason=None if told is not None else reason)


def _uss(cell: Cell, measurement: Measurement) -> Reading:
    rollup = _rollup_bytes(measurement)
    if "Private_Clean" in rollup and "Private_Dirty" in rollup:
        return Reading(value=rollup["Private_Clean"] + rollup["Private_Dirty"])
    return Reading(value=None, n=0, reason="the phone does not let smaps_rollup of the process be read")


def _meminfo_bytes(measurement: Measurement, key: str) -> tuple[float | None, str]:
    text = measurement.scrapes.get("meminfo")
    if text is None:
        return None, "dumpsys meminfo was not asked"
    from devbench.parse import parse

    try:
        value = parse("meminfo", text).values.get(key)
    except ParseError as error:
        return None, f"dumpsys meminfo was not understood: {error.message}"
    if not isinstance(value, (int, float)):
        return None, f"dumpsys meminfo does not hold {key}"
    return float(value), ""


def _rollup_bytes(measurement: Measurement) -> dict[str, float]:
    text = measurement.scrapes.get("smaps_rollup", "")
    return {name: int(kib) * 1024.0 for name, kib in _ROLLUP_LINE.findall(text)}


def _metric(
    read: Callable[[Cell, Measurement], Reading],
    name: str,
    label: str,
    *,
    phase: str = "",
    column: int | None = None,
) -> Metric:
    return metric_of_runs(
        read,
        name=name,
        unit="byte",
        label=label,
        phase=phase,
        better="lower",
        pass_name="resources",
        column=column,
    )


METRICS = (
    _metric(_peak, "peak_rss", "Peak RSS", column=60),
    _metric(_pss, "pss", "PSS", column=70),
    _metric(_uss, "uss", "USS"),
    *(
        _metric(
            _at_end_of(phase, f"rss_{kind}_bytes"), f"rss_{kind}", f"RSS {kind} after {phase}", phase=phase
        )
        for phase in ("load", "steady")
        for kind in ("anon", "file")
    ),
)

SCRAPES = (
    Scrape(name="meminfo", command="dumpsys meminfo {pid}"),
    Scrape(name="smaps_rollup", command="cat /proc/{pid}/smaps_rollup"),
    Scrape(name="status", command="cat /proc/{pid}/status"),
)
