"""How much processor an inference costs, from the process's own times over the steady phase of `resources`.

Work on a GPU or NPU does not show here.
"""

from __future__ import annotations

from devbench.domain.measurement import Measurement, Usage
from devbench.domain.summary import Cell
from devbench.metrics.base import Reading, Scrape, metric_of_runs

_NO_USAGE = Reading(value=None, n=0, reason="the runner gave no usage of the steady phase")


def _steady(measurement: Measurement) -> Usage | None:
    return next((u for u in measurement.usage if u.phase == "steady" and u.wall_ns > 0), None)


def _percent_of_a_core(cell: Cell, measurement: Measurement) -> Reading:
    usage = _steady(measurement)
    if usage is None:
        return _NO_USAGE
    return Reading(value=100.0 * (usage.utime_ns + usage.stime_ns) / usage.wall_ns)


def _percent_of_the_device(cell: Cell, measurement: Measurement) -> Reading:
    of_a_core = _percent_of_a_core(cell, measurement)
    if of_a_core.value is None:
        return of_a_core
    if not cell.device.cores:
        return Reading(value=None, n=0, reason="the phone does not say how many cores it has")
    return Reading(value=of_a_core.value / len(cell.device.cores))


def _cores_busy(cell: Cell, measurement: Measurement) -> Reading:
    of_a_core = _percent_of_a_core(cell, measurement)
    return of_a_core if of_a_core.value is None else Reading(value=of_a_core.value / 100.0)


def _time(cell: Cell, measurement: Measurement) -> Reading:
    usage = _steady(measurement)
    return _NO_USAGE if usage is None else Reading(value=float(usage.utime_ns + usage.stime_ns))


def _time_per_inference(cell: Cell, measurement: Measurement) -> Reading:
    usage, inferences = _steady(measurement), len(measurement.samples_ns("steady"))
    if usage is None:
        return _NO_USAGE
    if not inferences:
        return Reading(value=None, n=0, reason="the runner gave no sample of phase steady")
    return Reading(value=(usage.utime_ns + usage.stime_ns) / inferences, n=inferences)


METRICS = (
    metric_of_runs(
        _percent_of_a_core,
        name="cpu",
        unit="percent",
        label="CPU",
        of="of a core",
        better="lower",
        pass_name="resources",
        column=80,
    ),
    metric_of_runs(
        _percent_of_the_device,
        name="cpu_share",
        unit="percent",
        label="CPU",
        of="of the phone",
        better="lower",
        pass_name="resources",
    ),
    metric_of_runs(
        _time_per_inference,
        name="cpu_time_per_inference",
        unit="ns",
        label="CPU time an inference",
        better="lower",
        pass_name="resources",
    ),
    metric_of_runs(_cores_busy, name="cores_busy", unit="count", label="Cores busy", pass_name="resources"),
    metric_of_runs(
        _time, name="cpu_time", unit="ns", label="CPU time", phase="steady", pass_name="resources"
    ),
)

# kept as a record: who else was busy, and a second source for the process's own times
SCRAPES = (
    Scrape(name="cpuinfo", command="dumpsys cpuinfo"),
    Scrape(name="stat", command="cat /proc/{pid}/stat"),
)
