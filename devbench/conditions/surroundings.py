"""What changed around one process while it was measured: heat, clocks, screen, charger, other work."""

from __future__ import annotations

from collections.abc import Iterator

from devbench.conditions.load import busy_by_cpu
from devbench.conditions.rules import MAX_FOREIGN_PCT
from devbench.domain.cpus import cpus_of
from devbench.domain.device import DeviceInfo, DeviceState
from devbench.domain.job import Job
from devbench.domain.measurement import Measurement
from devbench.domain.taint import Taint

# the look itself, and adb, leave this much on a phone's CPUs between two looks
OWN_OVERHEAD_S = 0.1


def taints_of_surroundings(
    job: Job, measurement: Measurement, info: DeviceInfo, session_start: DeviceState | None
) -> Iterator[Taint]:
    """Taints from the states before and after; nothing where a state was not read."""
    before, after = measurement.state_before, measurement.state_after
    if after is None:
        return
    yield from _throttled(before, after)
    history = [state for state in (session_start, before, after) if state is not None]
    yield from _screen_changed(history)
    yield from _charging_changed(history)
    # in the other passes the process goes on working, unmeasured, after its steady phase
    if before is not None and job.pass_name == "latency":
        yield from _busy_during(job, measurement, info, before, after)


def _throttled(before: DeviceState | None, after: DeviceState) -> Iterator[Taint]:
    """Android's own word, or a ceiling that came down; a clock below its ceiling is only idle."""
    causes = []
    if after.thermal_status is not None and after.thermal_status > 0:
        causes.append(f"thermal status {after.thermal_status}, 0 is the limit")
    then = before.scaling_max_khz if before is not None else {}
    for cpu in sorted(then, key=int):
        now = after.scaling_max_khz.get(cpu)
        if now is not None and now < then[cpu]:
            causes.append(f"cpu{cpu} may run at {now} kHz only, {then[cpu]} kHz before")
    if causes:
        yield Taint(
            id="THROTTLED",
            sentence="The phone slowed itself down while this was measured.",
            detail="; ".join(causes),
            fix="let it cool down longer between runs, out of its case and out of the sun",
        )


def _screen_changed(history: list[DeviceState]) -> Iterator[Taint]:
    seen = [state.screen_on for state in history if state.screen_on is not None]
    if len(set(seen)) > 1:
        words = " → ".join("on" if on else "off" for on in seen)
        yield Taint(
            id="SCREEN-CHANGED",
            sentence="The screen went on or off during the session; clocks differ with it.",
            detail=words,
            fix="leave the phone alone, and let devbench keep it awake (plugged in)",
        )


def _charging_changed(history: list[DeviceState]) -> Iterator[Taint]:
    seen = [state.plugged for state in history if state.plugged is not None]
    if len(set(seen)) > 1:
        yield Taint(
            id="CHARGING-CHANGED",
            sentence="The phone's power supply changed during the session.",
            detail=" → ".join(seen),
            fix="keep the cable in, or out, for the whole session",
        )


def _busy_during(
    job: Job, measurement: Measurement, info: DeviceInfo, before: DeviceState, after: DeviceState
) -> Iterator[Taint]:
    """Others' work on the CPUs of the process, as a lower bound: what the process may have used is taken off.

    Its CPU time is known for the steady phase; for what comes before (load, first, warm-up), every thread is
    taken to have worked all the time.
    """
    own_s = _own_at_most_s(job, measurement)
    if before.uptime_s is None or after.uptime_s is None or own_s is None:
        return
    window_s = after.uptime_s - before.uptime_s
    busy = busy_by_cpu(before.cpu_busy_s, after.cpu_busy_s)
    mask = job.backend.cpu_mask
    cpus = {str(cpu) for cpu in (cpus_of(mask) if mask is not None else info.allowed_cpus)} & set(busy)
    if window_s <= 0 or not cpus:
        return
    foreign_s = sum(busy[cpu] for cpu in cpus) - own_s - OWN_OVERHEAD_S
    pct = 100 * foreign_s / window_s
    if pct >= MAX_FOREIGN_PCT:
        yield Taint(
            id="BUSY-DURING",
            sentence="Something else worked on the same CPUs while this was measured.",
            detail=f"at least {pct:.0f} % of one core on CPU {','.join(sorted(cpus, key=int))} over "
            f"{window_s:.1f} s, less than {MAX_FOREIGN_PCT} % is asked for",
            fix="close other apps; airplane mode keeps updates away",
        )


def _own_at_most_s(job: Job, measurement: Measurement) -> float | None:
    """The most CPU seconds that the measured process can have used; None where its times are not told."""
    steady = next((u for u in measurement.usage if u.phase == "steady"), None)
    starts = {s.phase: s.start_ns for s in measurement.series}
    load, begin = starts.get("load"), starts.get("steady")
    if steady is None or load is None or begin is None or measurement.actual is None:
        return None
    steady_ns = steady.utime_ns + steady.stime_ns
    at_work = steady_ns / steady.wall_ns if steady.wall_ns > 0 else 1.0
    threads = max(job.backend.threads or 1, measurement.actual.threads or 1, at_work)
    return (steady_ns + threads * (begin - load)) / 1e9
