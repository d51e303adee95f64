"""What must be alike for two numbers to belong to one series over nights (docs/measuring.md).

Pure: a key is made of the run's header and sessions and of what was measured, and never of a path or a serial.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from devbench.domain.history import LineKey, key_text
from devbench.domain.job import OWN_LOAD
from devbench.domain.run import Run
from devbench.domain.summary import Cell
from devbench.domain.taint import Taint
from devbench.plan import target_for


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """One series. `allowed` are the ids of gate conditions that were gone on with, sorted.

    `clock_state` is `unknown` where the runs do not tell, `mixed` where they differ. A model's file may change
    within a series, since that is what a series is to show; the engine, the runner and the phone's build may not.
    """

    device: str
    fingerprint: str
    runner: str
    runner_sha256: str
    engine: str
    engine_sha256: str
    delegate: str
    threads: int | None
    cores: str
    abi: str
    profile: str
    clock_state: str
    variant: str
    inputs: str = ""
    load: str = OWN_LOAD
    allowed: tuple[str, ...] = field(default_factory=tuple)
    metric: str = ""
    phase: str = ""

    @property
    def text(self) -> str:
        """The same key as one line."""
        return key_text(self)

    def line(self, apart: str = "") -> LineKey:
        """The line that this series is a segment of."""
        known = {f.name: getattr(self, f.name) for f in dataclasses.fields(LineKey) if f.name != "apart"}
        return LineKey(**known, apart=apart)

    def of(self, metric: str, phase: str = "") -> SeriesKey:
        """The key of one of the cell's numbers."""
        return dataclasses.replace(self, metric=metric, phase=phase)


def series_of(run: Run, cell: Cell) -> SeriesKey:
    """The key of a cell, without metric and phase; what is not known is an empty text."""
    backend, target = cell.backend, target_for(cell.device, cell.abi)
    runners = [a.sha256 for a in run.header.artifacts if a.role == "runner" and a.target == target]
    return SeriesKey(
        device=cell.device.device,
        fingerprint=cell.device.fingerprint or "",
        runner=cell.runner,
        runner_sha256=",".join(sorted(set(runners))),
        engine=backend.engine,
        engine_sha256=backend.engine_sha256 or "",
        delegate=backend.delegate_told,
        threads=backend.threads,
        cores=backend.cores,
        load=backend.load,
        abi=cell.abi,
        profile=run.header.profile.name,
        clock_state=_clock_state(run, cell),
        variant=cell.variant.variant,
        inputs=_inputs(run, cell),
        allowed=tuple(t.id for t in allowed_taints(run, cell.device.device)),
    )


def allowed_taints(run: Run, device: str) -> tuple[Taint, ...]:
    """What the gate found on this phone and the session went on with, one an id, sorted by it."""
    sessions = [s for s in run.sessions if s.device == device]
    found = {t.id: t for s in sessions for t in s.taints if t.id not in s.refused}
    return tuple(found[name] for name in sorted(found))


def clock_state_of(cell: Cell) -> str:
    """What held the clocks in measured runs: `locked`, `fixed-performance`, `free`, `mixed` or `unknown`."""
    measured = [m for m in cell.measurements if m.status == "ok"]
    states = {m.clock_state for m in cell.of_pass("latency")} or {m.clock_state for m in measured}
    if len(states) > 1:
        return "mixed"
    return next(iter(states), None) or "unknown"


def _clock_state(run: Run, cell: Cell) -> str:
    """As measured runs tell; where there is none, as the phone's sessions do: a gap belongs to its line."""
    told = clock_state_of(cell)
    states = {session.clock_state for session in run.sessions if session.device == cell.device.device}
    return states.pop() if told == "unknown" and len(states) == 1 else told


def _inputs(run: Run, cell: Cell) -> str:
    """Shapes, files and signature that were asked for; empty where the model's own were taken."""
    ids = {m.job_id for m in cell.measurements}
    job = next((job for job in run.header.jobs if job.job_id in ids), None)
    if job is None:
        return ""
    words = [f"{name}={shape}" for name, shape in sorted(job.input_shapes.items())]
    words += [f"{name}={sha256[:16]}" for name, sha256 in sorted(job.input_sha256.items())]
    return ", ".join([*words, *([f"signature {job.signature}"] if job.signature else [])])
