"""One worker a phone: prepare it, then job after job; every attempt is on disk before the next begins."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devbench.conditions import taints_of_run
from devbench.domain.device import DeviceState
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
from devbench.errors import DevbenchError, DeviceError, ModelError, StoreError
from devbench.runners.base import Attempt, JobInterrupted, Limits, Materials, Runner, Site, Talk
from devbench.runners.registry import runner_kinds
from devbench.session.prepare import PhonePlan, Prepared
from devbench.store import RunFolder

if TYPE_CHECKING:
    from devbench.adb import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a session ended: attempts of this session by status, and whether the user stopped it.

    `lost` holds the reason of each phone that ended before its last job, by device; `attempted` counts the
    processes that were started on any phone.
    """

    counts: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    attempted: int = 0
    interrupted: bool = False


def run(
    prepared: Prepared,
    folder: RunFolder,
    server: Server,
    emit: Callable[[Event], None],
    *,
    limits: Limits | None = None,
) -> Outcome:
    """Measure everything in `prepared`; Ctrl-C ends it cleanly with what was measured so far.

    The caller holds the leases of the phones. StoreError when results cannot be kept any more: that ends the
    work on all phones.
    """
    stop = threading.Event()
    workers = [
        _Worker(prepared, plan, folder, server, emit, stop, limits or Limits()) for plan in prepared.phones
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
    counts: Counter[str] = Counter()
    for worker in workers:
        counts.update(worker.counts)
    return Outcome(
        counts=dict(counts),
        lost={worker.device: worker.lost for worker in workers if worker.lost is not None},
        attempted=sum(worker.attempted for worker in workers),
        interrupted=interrupted,
    )


class _Worker:
    """All that happens on one phone, strictly one thing after the other."""

    def __init__(
        self, prepared: Prepared, plan: PhonePlan, folder: RunFolder, server: Server,
        emit: Callable[[Event], None], stop: threading.Event, limits: Limits,
    ) -> None:  # fmt: skip
        self._prepared = prepared
        self._plan = plan
        self._folder = folder
        self._emit = emit
        self._stop = stop
        self._variants: dict[str, Variant] = {v.variant: v for v in prepared.header.variants}
        self._shown: set[tuple[str, str]] = set()
        self._hung: set[tuple[str, object]] = set()
        self._running: Job | None = None
        self._start: DeviceState | None = None
        self.device = plan.info.device
        self.counts: Counter[str] = Counter()
        self.attempted = 0
        self.lost: str | None = None
        site = Site(
            phone=server.phone(plan.info.serial),
            info=plan.info,
            stop=stop,
            talk=Talk(pushed=self._pushed, sample=self._sample),
            limits=limits,
        )
        materials = Materials(binaries=plan.binaries, engines=plan.engines)
        kinds = runner_kinds()
        self._runners: dict[str, Runner] = {
            name: kinds[name].make(site, materials)
            for name in dict.fromkeys(job.runner for job in plan.jobs)
        }

    def work(self) -> None:
        """Everything planned for this phone. Its own trouble ends here; the others go on."""
        left = deque(self._plan.jobs)
        reason: str | None = None
        try:
            self._emit(PhoneStarted(device=self._plan.info, jobs=len(left)))
            self._prepare(tuple(left))
            while left and not self._stop.is_set():
                self._one(left[0])
                left.popleft()
        except JobInterrupted:
            reason = "interrupted"
        except StoreError:
            self._stop.set()  # nothing that anybody measures could be kept
            raise
        except DevbenchError as error:
            reason = self.lost = error.message
            if not self._stop.is_set():
                self._give_up(left, error)
        self._emit(PhoneEnded(device=self.device, reason=reason))

    def _prepare(self, jobs: tuple[Job, ...]) -> None:
        """Each runner brings what its own jobs need; those that nothing can run need nothing."""
        for name, runner in self._runners.items():
            own = tuple(job for job in jobs if job.runner == name and job.job_id not in self._plan.refused)
            if own:
                runner.prepare(tuple(self._variants[variant] for variant in _names(own)), own)

    def _one(self, job: Job) -> None:
        refused = self._plan.refused.get(job.job_id)
        if refused is not None:
            self._record(job, self._without_number(job, "skipped", refused))
            return
        if (job.variant, job.backend) in self._hung:
            cause = "an earlier process of this cell hung, so this one was not started"
            self._record(job, self._without_number(job, "skipped", Failure(kind="timeout", cause=cause)))
            return
        self._rest()
        self._running = job
        self.attempted += 1
        self._emit(JobStarted(job=job))
        attempt = self._attempt(job)
        runner = self._runners[job.runner]
        for other in self._runners.values():
            if other is not runner:
                other.forget_state()
        try:
            measurement = runner.measure(attempt)
        except JobInterrupted:
            runner.stop_job(attempt)
            raise
        except (DeviceError, StoreError):
            raise
        except DevbenchError as error:
            runner.stop_job(attempt)
            measurement = self._without_number(job, "failed", Failure(kind="unparsed", cause=error.message))
        self._start = self._start or measurement.state_before
        found = taints_of_run(job, measurement, self._plan.info, session_start=self._start)
        measurement = dataclasses.replace(measurement, taints=(*measurement.taints, *found))
        if measurement.failure is not None and measurement.failure.kind == "timeout":
            self._hung.add((job.variant, job.backend))
        self._record(job, measurement)
        self._running = None

    def _rest(self) -> None:
        """The pause that this phone's profile asks for between two processes."""
        seconds = self._plan.info.cooldown_min_s
        if seconds > 0 and self.attempted:
            self._emit(Waiting(device=self._plan.info.device, reason="cool-down", seconds=seconds))
            if self._stop.wait(seconds):
                raise JobInterrupted
            for runner in self._runners.values():
                runner.forget_state()

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
        self.counts[measurement.status] += 1
        self._emit(JobEnded(job=job, measurement=measurement))

    def _give_up(self, left: Iterable[Job], error: DevbenchError) -> None:
        """The phone is lost: what runs is discarded or failed, what waits is skipped; --resume does all later."""
        kind = "bad-model" if isinstance(error, ModelError) else getattr(error, "kind", "offline")
        failure = Failure(kind=kind, cause=error.message, fix=error.fix or "")
        for job in left:
            status: Status = "skipped"
            if job is self._running:
                status = "discarded" if kind == "offline" else "failed"
            self._record(job, self._without_number(job, status, failure))

    def _without_number(self, job: Job, status: Status, failure: Failure) -> Measurement:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Measurement(**self._attempt(job).identity(), status=status, started_at=now, failure=failure)

    def _pushed(self, what: str, size_bytes: int, seconds: float) -> None:
        self._emit(Pushed(device=self._plan.info.device, what=what, size_bytes=size_bytes, seconds=seconds))

    def _sample(self, job: Job, phase: str, ns: int) -> None:
        """The first warm latency of each variant is told at once, before its statistics exist."""
        if phase == "steady" and (job.variant, job.device) not in self._shown:
            self._shown.add((job.variant, job.device))
            self._emit(FirstNumber(job=job, phase=phase, ns=ns))


def _names(jobs: Iterable[Job]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(job.variant for job in jobs))
