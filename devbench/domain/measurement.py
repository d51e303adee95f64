"""One attempt at a job: what was measured, raw, with everything a reader needs to doubt or trust it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from devbench.domain.device import DeviceState
from devbench.domain.judged import Judged
from devbench.domain.taint import Taint

MEASUREMENT_SCHEMA = 1
Status = Literal["ok", "failed", "skipped", "discarded"]
# `process` is of a tool that only tells what it used from its start to its end
Phase = Literal["load", "first", "warmup", "steady", "process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Raw latencies of one phase in order; `start_ns` is the phone's CLOCK_MONOTONIC at the first sample."""

    phase: Phase
    values_ns: tuple[int, ...]
    start_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the process used in one phase, read by the runner from getrusage and /proc/self.

    `vm_hwm_bytes` is the peak since the process began, or since the phase began if `hwm_reset`.
    """

    phase: Phase
    wall_ns: int
    utime_ns: int
    stime_ns: int
    minor_faults: int | None = None
    major_faults: int | None = None
    voluntary_switches: int | None = None
    involuntary_switches: int | None = None
    vm_hwm_bytes: int | None = None
    vm_rss_bytes: int | None = None
    rss_anon_bytes: int | None = None
    rss_file_bytes: int | None = None
    rss_shmem_bytes: int | None = None
    vm_swap_bytes: int | None = None
    hwm_reset: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actual:
    """What really ran, read back from the engine and from /proc; None where it could not be read."""

    engine: str
    engine_version: str | None
    abi: str
    runner_version: str
    delegate: str | None
    fully_delegated: bool | None
    delegated_nodes: int | None
    nodes: int | None
    partitions: int | None
    threads: int | None
    cpus_allowed: str | None
    cpus_used: tuple[int, ...] = ()
    cpu_khz: dict[str, int] = field(default_factory=dict)
    load_steps_ns: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpTime:
    """One operator in pass `ops`: mean time of one call, calls counted, the delegate that ran it or None.

    `start_ns` counts from the start of the inference's first operator, `memory_bytes` what it allocated; both are
    means, and None where the engine does not tell.
    """

    index: int
    type: str
    name: str
    mean_ns: float
    calls: int
    delegate: str | None = None
    start_ns: float | None = None
    memory_bytes: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Clocks and temperatures as the process itself read them between two inferences of its steady phase.

    `t_ns` is the phone's CLOCK_MONOTONIC; the maps are by CPU and by thermal zone, empty where unreadable.
    `files` are the raw texts of what pass `energy` reads, by path; None where one may not be read.
    """

    t_ns: int
    cpu_khz: dict[str, int] = field(default_factory=dict)
    temperatures_c: dict[str, float] = field(default_factory=dict)
    files: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolTold:
    """What a stock tool printed of its inferences: it gives no samples, so its average is the process's one value.

    `tool` is T, L, P or N, `era` E1 to E8 of tool L (docs/parse.md). All are of `count` inferences; None where
    the tool does not print it.
    """

    tool: str | None
    era: str | None
    count: int | None
    avg_ns: int
    min_ns: int | None = None
    max_ns: int | None = None
    std_ns: int | None = None
    median_ns: int | None = None
    p5_ns: int | None = None
    p95_ns: int | None = None
    warmup_avg_ns: int | None = None
    peak_memory_bytes: int | None = None
    nodes_executed: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One output tensor as the phone computed it; `file` is its name in the run's folder."""

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    size_bytes: int
    sha256: str
    file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no number: a kind of docs/results-format.md, the cause, the evidence, the next step."""

    kind: str
    cause: str
    evidence: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One attempt at a job, keyed by (job_id, attempt); at most one attempt of a job is `ok`.

    `scrapes` holds the raw text of what was read from outside the process (name → output).
    `clock_state` is what held the clocks: `locked`, `fixed-performance` or `free`.
    """

    job_id: str
    attempt: int
    status: Status
    started_at: str
    device: str
    variant: str
    runner: str
    pass_name: str
    round: int
    position: int
    actual: Actual | None = None
    series: tuple[Series, ...] = ()
    usage: tuple[Usage, ...] = ()
    ops: tuple[OpTime, ...] = ()
    told: ToolTold | None = None
    marks: tuple[Mark, ...] = ()
    outputs: tuple[OutputFile, ...] = ()
    judged: Judged | None = None
    scrapes: dict[str, str] = field(default_factory=dict)
    warmup_status: str | None = None
    clock_state: str | None = None
    state_before: DeviceState | None = None
    state_after: DeviceState | None = None
    taints: tuple[Taint, ...] = ()
    failure: Failure | None = None
    argv: tuple[str, ...] = ()
    exit_code: int | None = None
    signal: int | None = None
    log_tail: str = ""
    schema: int = MEASUREMENT_SCHEMA

    def samples_ns(self, phase: Phase) -> tuple[int, ...]:
        """All raw latencies of `phase`, in order; empty if the phase was not reached."""
        parts = [series.values_ns for series in self.series if series.phase == phase]
        return parts[0] if len(parts) == 1 else tuple(chain.from_iterable(parts))
