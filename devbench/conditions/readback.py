"""What was asked of a process against what it was: every difference is a taint, and so is what cannot be read.

Pure: `taints_of_run` takes a job and what was measured, and touches no phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from devbench.conditions.surroundings import taints_of_surroundings
from devbench.domain.cpus import cpus_of, parse_cpu_list
from devbench.domain.device import DeviceInfo, DeviceState
from devbench.domain.job import Job
from devbench.domain.measurement import Actual, Measurement, Usage
from devbench.domain.taint import Taint

# a tool that has bounds of its own, and may tell nothing but an average
OWN_BOUNDS = frozenset({"benchmark_model"})
BUSY_FACTOR = 1.1
BUSY_MARGIN = 0.1
CLOCK_TOLERANCE = 0.01
# told with the number, but no reason to doubt it: a model's own operators decide what a delegate can take
MILD_IDS = frozenset({"DELEGATE-PARTIAL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    job: Job
    measurement: Measurement
    actual: Actual
    locked_khz: Mapping[int, int]

    @property
    def steady(self) -> Usage | None:
        return next((u for u in self.measurement.usage if u.phase == "steady"), None)


def taints_of_run(
    job: Job,
    measurement: Measurement,
    info: DeviceInfo,
    *,
    locked_khz: Mapping[int, int] | None = None,
    session_start: DeviceState | None = None,
) -> tuple[Taint, ...]:
    """Every condition that marks this one attempt; nothing for an attempt without a number.

    `locked_khz` is what `Tweaks.locked_khz` says (empty: clocks are free), `session_start` the phone's state
    when the session began, since screen and charger must stay what they were all through it.
    """
    if measurement.status not in ("ok", "discarded") or measurement.actual is None:
        return ()
    if job.reference is not None:
        return ()  # it lends its answers to another row, and no time
    run = _Run(job=job, measurement=measurement, actual=measurement.actual, locked_khz=locked_khz or {})
    found = [
        *_affinity(run),
        *_threads(run),
        *_delegate(run),
        *_unread(run),
        *_clocks(run),
        *_count(run),
        *_warmup(run),
        *taints_of_surroundings(job, measurement, info, session_start),
    ]
    return tuple(found)


def _affinity(run: _Run) -> Iterator[Taint]:
    mask = run.job.backend.cpu_mask
    if mask is None:
        return
    asked = set(cpus_of(mask))
    allowed = set(parse_cpu_list(run.actual.cpus_allowed or ""))
    strayed = set(run.actual.cpus_used) - asked
    if strayed or (allowed and allowed != asked):
        used = f", ran on {_list(set(run.actual.cpus_used))}" if run.actual.cpus_used else ""
        yield Taint(
            id="AFFINITY-IGNORED",
            sentence="The process was not held to the CPUs asked for.",
            detail=f"asked {_list(asked)}, allowed {run.actual.cpus_allowed or 'unknown'}{used}",
            fix="see `devbench devices` for the CPUs a shell may use; --cores all takes all of them",
        )


def _threads(run: _Run) -> Iterator[Taint]:
    """Fewer live threads than asked, or more cores used than threads asked.

    The live threads are the measuring one and the engine's own. A pool of N holds N - 1 workers beside the
    measuring thread, which works along: N asked means N live. More than N alive says nothing, since engines
    keep idle helpers; whether they worked shows in the CPU time.
    """
    asked, live = run.job.backend.threads, run.actual.threads
    if asked is None:
        return
    fix = "ask for the number that ran (--threads), or use an engine or delegate that honours it"
    if live is not None and live < asked:
        lazy = run.actual.delegate == "none"
        why = "; built-in kernels start threads only for operators worth splitting" if lazy else ""
        yield Taint(
            id="THREADS-DIFFER",
            sentence="Fewer threads ran than were asked for.",
            detail=f"{asked} asked, {live} alive at the end of steady{why}",
            fix=fix,
        )
        return
    usage = run.steady
    if usage is None or usage.wall_ns <= 0:
        return
    cores = (usage.utime_ns + usage.stime_ns) / usage.wall_ns
    if cores > asked * BUSY_FACTOR + BUSY_MARGIN:
        yield Taint(
            id="THREADS-DIFFER",
            sentence="More threads worked than were asked for.",
            detail=f"{asked} asked, {cores:.1f} cores busy in steady, {live or 'unknown'} threads alive",
            fix=f"{fix}; --cores with as few CPUs holds such an engine back",
        )


def _delegate(run: _Run) -> Iterator[Taint]:
    asked, actual = run.job.backend.delegate, run.actual
    if actual.delegate is not None and actual.delegate != asked:
        yield Taint(
            id="DELEGATE-NOT-APPLIED",
            sentence="Another delegate ran than the one asked for.",
            detail=f"asked {asked}, applied {actual.delegate}{_nodes(actual)}",
            fix="the run's log has the engine's words; --delegate none measures without one",
        )
    elif asked != "none" and _partial(actual):
        yield Taint(
            id="DELEGATE-PARTIAL",
            sentence="The delegate runs a part of the model only.",
            detail=f"{asked}{_nodes(actual)}",
            fix="pass ops shows which operators are left to the built-in kernels",
        )


def _partial(actual: Actual) -> bool:
    if actual.delegated_nodes is not None and actual.nodes is not None:
        return actual.delegated_nodes < actual.nodes
    return actual.fully_delegated is False


def _nodes(actual: Actual) -> str:
    if actual.delegated_nodes is None or actual.nodes is None:
        return ""
    pieces = f" in {actual.partitions} partitions" if actual.partitions else ""
    return f", {actual.delegated_nodes} of {actual.nodes} nodes{pieces}"


def _unread(run: _Run) -> Iterator[Taint]:
    """What was asked for and cannot be confirmed is said, in one taint."""
    actual, backend = run.actual, run.job.backend
    unread = []
    if backend.cpu_mask is not None and not actual.cpus_allowed and not actual.cpus_used:
        unread.append("CPUs")
    if actual.threads is None:
        unread.append("threads")
    if actual.delegate is None:
        unread.append("delegate")
    if unread:
        yield Taint(
            id="NOT-READ-BACK",
            sentence="Not everything that was asked for could be confirmed.",
            detail=f"not read back: {', '.join(unread)}",
            fix="another runner or engine may tell; the run's log has the engine's words",
        )


def _clocks(run: _Run) -> Iterator[Taint]:
    """A lock holds when clock, lowest and highest are what it set, on every CPU that the process used."""
    after = run.measurement.state_after
    used = set(run.actual.cpus_used) or set(cpus_of(run.job.backend.cpu_mask or 0)) or set(run.locked_khz)
    wrong = []
    for cpu in sorted(used & set(run.locked_khz)):
        asked, key = run.locked_khz[cpu], str(cpu)
        seen = {
            "ran at": run.actual.cpu_khz.get(key),
            "min": after.scaling_min_khz.get(key) if after else None,
            "max": after.scaling_max_khz.get(key) if after else None,
        }
        off = [f"{name} {khz}" for name, khz in seen.items() if khz is not None and not _near(khz, asked)]
        if all(khz is None for khz in seen.values()):
            off = ["not readable any more"]
        if off:
            wrong.append(f"cpu{cpu}: locked {asked} kHz, {', '.join(off)}")
    if wrong:
        yield Taint(
            id="CLOCK-NOT-HELD",
            sentence="The clocks were locked, and did not stay where they were put.",
            detail="; ".join(wrong),
            fix="stop the vendor's thermal or performance daemon, or measure with free clocks",
        )


def _near(khz: int, asked: int) -> bool:
    return abs(khz - asked) <= CLOCK_TOLERANCE * asked


def _count(run: _Run) -> Iterator[Taint]:
    """Steady ended before its bounds: the runner obeys them, so something else ended it."""
    bounds, m = run.job.bounds, run.measurement
    if run.job.pass_name in ("ops", "accuracy") or run.job.runner in OWN_BOUNDS:
        return
    samples = m.samples_ns("steady")
    n, usage = len(samples), run.steady
    elapsed_ms = (usage.wall_ns if usage is not None else sum(samples)) / 1e6
    full = n >= bounds.steady_max_n or (n >= bounds.steady_min_n and elapsed_ms >= bounds.steady_min_ms)
    slow = elapsed_ms >= bounds.steady_soft_ms and n >= bounds.steady_soft_n
    if not full and not slow:
        yield Taint(
            id="COUNT-TOO-LOW",
            sentence="The measurement ended early: there are fewer inferences than asked for.",
            detail=f"{n} inferences in {elapsed_ms / 1000:.2f} s; "
            f"asked {bounds.steady_min_n} and {bounds.steady_min_ms / 1000:g} s, "
            f"or {bounds.steady_soft_n} after {bounds.steady_soft_ms / 1000:g} s",
            fix="see the run's log for what ended it, and measure again",
        )


def _warmup(run: _Run) -> Iterator[Taint]:
    """Of latencies only: other passes are warm after two inferences, and need not be steady to a few percent."""
    if run.job.pass_name == "latency" and run.measurement.warmup_status == "capped":
        bounds = run.job.bounds
        yield Taint(
            id="UNSTABLE-WARMUP",
            sentence="Warm-up ended at its cap, before the latency had settled.",
            detail=f"blocks differed by more than {bounds.warmup_tolerance_pct:g} % for "
            f"{bounds.warmup_max_ms / 1000:g} s and {bounds.warmup_max_n} inferences",
            fix="let the phone cool down, close other apps, or allow a longer warm-up",
        )


def _list(cpus: set[int]) -> str:
    return ",".join(str(cpu) for cpu in sorted(cpus))
