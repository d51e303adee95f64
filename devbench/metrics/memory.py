"""How much memory the process holds: its peak, and what it shares or owns at steady state of `resources`.

PSS and USS come from outside the process: `dumpsys meminfo`, and /proc's own sum where that is silent.
"""

from __future__ import annotations

from collections.abc import Callable

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.errors import ParseError
from devbench.metrics.base import Metric, Reading, Scrape, metric_of_runs
from devbench.metrics.usage import of_phase
from devbench.parse import parse_meminfo, parse_smaps


def _peak(cell: Cell, measurement: Measurement) -> Reading:
    peaks = [u.vm_hwm_bytes for u in measurement.usage if u.vm_hwm_bytes is not None]
    if not peaks:
        return Reading(value=None, n=0, reason="the runner could not read VmHWM")
    return Reading(value=float(max(peaks)))


def _pss(cell: Cell, measurement: Measurement) -> Reading:
    return _told(measurement, ("meminfo", _meminfo_pss), ("smaps_rollup", _rollup_pss))


def _uss(cell: Cell, measurement: Measurement) -> Reading:
    return _told(measurement, ("smaps_rollup", _rollup_uss), ("meminfo", _meminfo_uss))


def _told(measurement: Measurement, *sources: tuple[str, Callable[[str], int | None]]) -> Reading:
    """The first scrape that holds the quantity; otherwise what was wrong with each."""
    reasons = []
    for name, understand in sources:
        text = measurement.scrapes.get(name)
        if text is None:
            reasons.append(f"{name} was not read")
            continue
        try:
            value = understand(text)
        except ParseError as error:
            reasons.append(f"{name} was not understood ({error.message})")
            continue
        if value is not None:
            return Reading(value=float(value))
        reasons.append(f"{name} does not hold it")
    return Reading(value=None, n=0, reason="; ".join(reasons))


def _meminfo_pss(text: str) -> int | None:
    return parse_meminfo(text).total_pss_bytes


def _meminfo_uss(text: str) -> int | None:
    """Private pages over all categories; None from an Android whose table lacks them."""
    keys = ("private_dirty_bytes", "private_clean_bytes")
    found = [row.get(key) for row in parse_meminfo(text).categories.values() for key in keys]
    known = [value for value in found if value is not None]
    return sum(known) if known and len(known) == len(found) else None


def _of_category(key: str) -> Callable[[Cell, Measurement], Reading]:
    """A line of the app summary, which came with Android 6; its lines add up to PSS."""

    def understand(text: str) -> int | None:
        return parse_meminfo(text).summary.get(key)

    return lambda cell, measurement: _told(measurement, ("meminfo", understand))


def _rollup_pss(text: str) -> int | None:
    return parse_smaps(text).pss_bytes


def _rollup_uss(text: str) -> int | None:
    return parse_smaps(text).uss_bytes


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
        _metric(of_phase(f"rss_{kind}_bytes", phase), f"rss_{kind}", f"RSS {kind} after {phase}", phase=phase)
        for phase in ("load", "steady")
        for kind in ("anon", "file", "shmem")
    ),
    *(
        _metric(_of_category(f"{name}_bytes"), f"pss_{name}", f"PSS {name.replace('_', ' ')}")
        for name in ("java_heap", "native_heap", "code", "stack", "graphics", "private_other", "system")
    ),
)

SCRAPES = (
    Scrape(name="meminfo", command="dumpsys meminfo {pid}"),
    Scrape(name="smaps_rollup", command="cat /proc/{pid}/smaps_rollup"),
    Scrape(name="status", command="cat /proc/{pid}/status"),
)
