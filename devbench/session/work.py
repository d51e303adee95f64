"""One worker a phone: prepare it, then job after job; every attempt is on disk before the next begins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.devices.lease import lease
from devbench.domain.event import (
    Event,
    FirstNumber,
    JobEnded,
    JobStarted,
    PhoneEnded,
    PhoneStarted,
    Pushed,
    Waiting,
)
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement, Status
from devbench.domain.variant import Variant
from devbench.errors import DevbenchError, DeviceError
from devbench.runners.base import SILENCE_S, Attempt, Site, Talk
from devbench.runners.follow import JobInterrupted
from devbench.runners.native import NativeRunner
from devbench.session.prepare import PhonePlan, Prepared
from devbench.store import RunFolder

if TYPE_CHECKING:
    from devbench.adb import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a session ended: attempts of this session by status, and whether the user stopped it."""

    counts: dict[str, int] = field(default_factory=dict)
    interrupted: bool = False

    @property
    def all_measured(self) -> bool:
        return not self.interrupted and not any(
            self.counts.get(status) for status in ("failed", "skipped", "discarded")
        )


def run(
    prepared: Prepared,
    folder: RunFolder,
    server: Server,
    emit: Callable[[Event], None],
    *,
    leases: Path,
    silence_s: float = SILENCE_S,
) -> Outcome:
    """Measure everything in `prepared`; Ctrl-C ends it cleanly with what was measured so far."""
    stop = threading.Event()
    workers = [
        _Worker(prepared, plan, folder, server, emit, stop, leases, silence_s) for plan in prepared.phones
    ]
    interrupted = False
    with ThreadPoolExecutor(max_workers=max(1, len(workers)), thread_name_prefix="phone") as pool:
        futures = [pool.submit(worker.work) for worker in workers]
        try:
            while wait(futures, timeout=0.5).not_done:
                pass
        except KeyboardInterrupt:
            interrupted = True
            stop.set()
        for future in futures:
            future.result()
    counts: dict[str, int] = {}
    for worker in workers:
        for status, count in worker.counts.items():
            counts[status] = counts.get(status, 0) + count
    return Outcome(counts=counts, interrupted=interrupted)


class _Worker:
    """All that happens on one phone, strictly one thing after the other."""

    def __init__(
        self, prepared: Prepared, plan: PhonePlan, folder: RunFolder, server: Server,
        emit: Callable[[Event], None], stop: threading.Event, leases: Path, silence_s: float,
    ) -> None:  # fmt: skip
        self._prepared = prepared
        self._plan = plan
        self._folder = folder
        self._emit = emit
        self._stop = stop
        self._leases = leases
        self._variants: dict[str, Variant] = {v.variant: v for v in prepared.header.variants}
        self._shown: set[tuple[str, str]] = set()
        self._hung: set[tuple[str, object]] = set()
        self._running: Job | None = None
        self.counts: dict[str, int] = {}
        site = Site(
            phone=server.phone(plan.info.serial),
            info=plan.info,
            stop=stop,
            talk=Talk(pushed=self._pushed, sample=self._sample),
            silence_s=silence_s,
        )
        self._runner = NativeRunner(site, plan.binary, plan.engines)

    def work(self) -> None:
        """Everything planned for this phone. Its own trouble ends here; the others go on."""
        device = self._plan.info.device
        left = list(self._plan.jobs)
        reason: str | None = None
        try:
            with lease(self._leases, device):
                self._emit(PhoneStarted(device=self._plan.info, jobs=len(left)))
                self._runner.prepare(tuple(self._variants[name] for name in _names(left)))
                while left and not self._stop.is_set():
                    self._one(left[0])
                    left.pop(0)
        except JobInterrupted:
            reason = "interrupted"
        except DevbenchError as error:
            reason = error.message
            if not self._stop.is_set():
                self._give_up(left, error)
        self._emit(PhoneEnded(device=device, reason=reason))

    def _one(self, job: Job) -> None:
        if (job.variant, job.backend) in self._hung:
            cause = "an earlier process of this cell hung, so this one was not started"
            self._record(job, self._without_number(job, "skipped", Failure(kind="timeout", cause=cause)))
            return
        self._rest()
        self._running = job
        self._emit(JobStarted(job=job))
        attempt = self._attempt(job)
        try:
            measurement = self._runner.measure(attempt)
        except JobInterrupted:
            self._runner.stop_job(attempt)
            raise
        except DeviceError:
            raise
        except DevbenchError as error:
            measurement = self._without_number(job, "failed", Failure(kind="unparsed", cause=error.message))
        if measurement.failure is not None and measurement.failure.kind == "timeout":
            self._hung.add((job.variant, job.backend))
        self._record(job, measurement)
        self._running = None

    def _rest(self) -> None:
        """The pause that this phone's profile asks for between two processes."""
        seconds = self._plan.info.cooldown_min_s
        if seconds > 0 and self.counts:
            self._emit(Waiting(device=self._plan.info.device, reason="cool-down", seconds=seconds))
            if self._stop.wait(seconds):
                raise JobInterrupted
            self._runner.forget_state()

    def _attempt(self, job: Job) -> Attempt:
        number = self._prepared.attempts.get(job.job_id, 0) + 1
        return Attempt(
            job=job,
            variant=self._variants[job.variant],
            number=number,
            outputs=self._folder.outputs_folder(),
            log=lambda text: self._folder.write_log(job.job_id, number, text),
        )

    def _record(self, job: Job, measurement: Measurement) -> None:
        self._folder.append(measurement)
        self.counts[measurement.status] = self.counts.get(measurement.status, 0) + 1
        self._emit(JobEnded(job=job, measurement=measurement))

    def _give_up(self, left: list[Job], error: DevbenchError) -> None:
        """The phone is lost: what runs is discarded, what waits is skipped, and --resume does both later."""
        kind = error.kind if isinstance(error, DeviceError) else "offline"
        failure = Failure(kind=kind, cause=error.message, fix=error.fix or "")
        for job in left:
            status: Status = "discarded" if job is self._running else "skipped"
            self._record(job, self._without_number(job, status, failure))

    def _without_number(self, job: Job, status: Status, failure: Failure) -> Measurement:
        return Measurement(
            job_id=job.job_id,
            attempt=self._prepared.attempts.get(job.job_id, 0) + 1,
            status=status,
            started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            device=job.device,
            variant=job.variant,
            runner=job.runner,
            pass_name=job.pass_name,
            round=job.round,
            position=job.position,
            failure=failure,
        )

    def _pushed(self, what: str, size_bytes: int, seconds: float) -> None:
        self._emit(Pushed(device=self._plan.info.device, what=what, size_bytes=size_bytes, seconds=seconds))

    def _sample(self, job: Job, phase: str, ns: int) -> None:
        """The first warm latency of each variant is told at once, before its statistics exist."""
        if phase == "steady" and (job.variant, job.device) not in self._shown:
            self._shown.add((job.variant, job.device))
            self._emit(FirstNumber(job=job, phase=phase, ns=ns))


def _names(jobs: list[Job]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(job.variant for job in jobs))
