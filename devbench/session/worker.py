"""All that happens on one phone, strictly one thing after the other; every attempt is on disk before the next."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.conditions import taints_of_run
from devbench.domain.event import (
    CameBack,
    Event,
    FirstNumber,
    JobEnded,
    JobsAdded,
    JobStarted,
    PhoneEnded,
    PhoneStarted,
    Pushed,
    Said,
)
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement, Status
from devbench.domain.phone_session import Outcome
from devbench.domain.variant import Variant
from devbench.errors import DevbenchError, DeviceError, DeviceRestarted, FileChanged, ModelError, StoreError
from devbench.runners.base import Attempt, JobInterrupted, Limits, Materials, Runner, Site, Talk
from devbench.runners.held_out import files_of
from devbench.runners.means import Means
from devbench.runners.native import NativeRunner
from devbench.runners.patience import remember_start
from devbench.runners.registry import runner_kinds
from devbench.session.care import Care, Refused, ThermalLimited
from devbench.session.prepare import PhonePlan, Prepared
from devbench.session.rounds import Redos, light, rounds_to_add
from devbench.store import RunFolder

if TYPE_CHECKING:
    from devbench.adb import Server
    from devbench.runners.meter import Meter

THROTTLED = "THROTTLED"
MOST_RESTARTS = 2  # a phone that starts anew more often in a session is lost


class Worker:
    """One phone's jobs of a run."""

    def __init__(
        self, prepared: Prepared, plan: PhonePlan, folder: RunFolder, server: Server,
        emit: Callable[[Event], None], stop: threading.Event, limits: Limits, memory: Path | None,
        means: Means,
        meter: Meter | None = None,
    ) -> None:  # fmt: skip
        self._header = prepared.header
        self._plan = plan
        self._folder = folder
        self._emit = emit
        self._stop = stop
        self._variants: dict[str, Variant] = {v.variant: v for v in prepared.header.variants}
        self._shown: set[tuple[str, str]] = set()
        self._hung: set[tuple[str, object]] = set()
        self._running: Job | None = None
        self._tries: Counter[str] = Counter(prepared.attempts)
        earlier = (m for m in prepared.earlier if m.device == plan.info.device)
        self._measured: list[Measurement] = [light(m) for m in earlier]
        self._jobs = [job for job in prepared.header.jobs if job.device == plan.info.device]
        self._left: deque[Job] = deque(plan.jobs)
        self._redos = Redos()
        self._added = 0
        self.device = plan.info.device
        self.counts: Counter[str] = Counter()
        self.attempted = 0
        self.lost: str | None = None
        self._memory = memory
        self._restarts = 0
        self.setback: Failure | None = None
        self._site = site = Site(
            phone=server.phone(plan.info.serial),
            info=plan.info,
            stop=stop,
            talk=Talk(pushed=self._pushed, sample=self._sample, back=self._back, said=self._say),
            limits=limits,
            means=means,
            others=frozenset(other.info.serial for other in prepared.phones if other is not plan),
            meter=meter,
        )
        materials = Materials(binaries=plan.binaries, engines=plan.engines)
        kinds = runner_kinds()
        self._runners: dict[str, Runner] = {
            name: kinds[name].make(site, materials)
            for name in dict.fromkeys(job.runner for job in plan.jobs)
        }
        # whatever measures: our own program also locks, watches and looks
        self._helper = NativeRunner(site, plan.binaries, plan.engines)
        self._care = self._new_care()

    def _new_care(self) -> Care:
        return Care(
            self._site, self._helper, self._header, self._emit,
            memory=self._memory, expected_peak_bytes=self._peak_bytes(),
            screen=any(runner_kinds()[job.runner].screen(job) for job in self._left),
        )  # fmt: skip

    def work(self) -> None:
        """Everything planned for this phone, a session for each of its starts. Its own trouble ends here."""
        self._emit(PhoneStarted(device=self._plan.info, jobs=len(self._left)))
        self._refuse()
        outcome, reason = self._session()
        while outcome == "restarted":
            self._say(f"{reason}: its round is measured again")
            self._care = self._new_care()
            outcome, reason = self._session()
        self._emit(PhoneEnded(device=self.device, reason=reason))

    def _session(self) -> tuple[Outcome, str | None]:
        """What is left, until the phone starts anew or its part has ended; how it ended is on disk then."""
        self._site.line.clear()
        self._added, redone = 0, self._redos.rounds
        outcome, reason = self._ended()
        session = dataclasses.replace(
            self._care.session(outcome, reason),
            rounds_added=self._added,
            rounds_redone=self._redos.rounds - redone,
        )
        self._folder.append_session(session)
        return outcome, reason

    def _ended(self) -> tuple[Outcome, str | None]:
        """Prepares and measures; every end has its name."""
        try:
            self._prepare()
            with self._care.kept():
                self._measure_all()
            if self._site.line.restarted:
                self._care.settle()
        except JobInterrupted:
            return "interrupted", "interrupted"
        except StoreError:
            self._stop.set()  # nothing that anybody measures could be kept
            raise
        except Refused as refused:
            return "refused", self._ended_early(Failure(
                kind="conditions", cause=str(refused), fix=refused.fix))  # fmt: skip
        except ThermalLimited as limit:
            return "thermal-limited", self._ended_early(Failure(
                kind="throttled", cause=str(limit), fix="cool the phone, then devbench run --resume"))  # fmt: skip
        except DeviceRestarted as restart:
            if self._restarts < MOST_RESTARTS and not self._stop.is_set():
                self._restarts += 1
                self._measure_round_again(restart)
                return "restarted", restart.message
            return "lost", self._give_up(restart)
        except DevbenchError as error:
            return "lost", self._give_up(error)
        return ("interrupted", "interrupted") if self._stop.is_set() else ("finished", None)

    def _refuse(self) -> None:
        """What nothing can run is told first and costs nothing."""
        for job in [job for job in self._left if job.job_id in self._plan.refused]:
            self._left.remove(job)
            self._record(job, self._next_without_number(job, "skipped", self._plan.refused[job.job_id]))

    def _prepare(self) -> None:
        """What the jobs need travels now. A file that is not the planned one costs its own jobs only."""
        remember_start(self._site)
        self._helper.bring()
        for name, runner in self._runners.items():
            runner.forget_state()
            while own := tuple(job for job in self._left if job.runner == name):
                try:
                    runner.prepare(tuple(self._variants[variant] for variant in _names(own)), own)
                    break
                except FileChanged as changed:
                    self._leave_out(changed)

    def _leave_out(self, changed: FileChanged) -> None:
        """The jobs that need this file are skipped; raised again if it is everybody's, as an engine."""
        spoilt = [job for job in self._left if changed.path in files_of(self._variants[job.runs], job)]
        if not spoilt:
            raise changed
        self._say(changed.message)
        failure = Failure(kind="bad-model", cause=changed.message, fix=changed.fix or "")
        for job in spoilt:
            self._left.remove(job)
            self._record(job, self._next_without_number(job, "skipped", failure))

    def _measure_all(self) -> None:
        """Job after job; when none is left, the rounds that an interval still needs."""
        while not self._stop.is_set():
            if not self._left and not self._add_rounds():
                return
            job = self._left[0]
            self._one(job)
            self._left.popleft()
            self._redo_if_throttled(job)
            if self._site.line.restarted and self._left:
                raise DeviceRestarted("it started anew between two processes", serial=self._site.phone.serial)

    def _one(self, job: Job) -> None:
        if (job.variant, job.backend) in self._hung:
            cause = "an earlier process of this cell hung, so this one was not started"
            self._record(job, self._next_without_number(job, "skipped", Failure(kind="timeout", cause=cause)))
            return
        runner = self._runners[job.runner]
        rested = bool(self.attempted) and self._care.rest()
        for other in self._runners.values():
            if rested or other is not runner:
                other.forget_state()
        self._care.beat()
        self._running = job
        self.attempted += 1
        self._tries[job.job_id] += 1
        self._emit(JobStarted(job=job))
        attempt = self._attempt(job)
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
        if measurement.failure is not None and measurement.failure.kind == "timeout":
            self._hung.add((job.variant, job.backend))
        self._care.last = measurement.state_after
        self._record(job, self._marked(job, measurement))
        self._running = None

    def _marked(self, job: Job, measurement: Measurement) -> Measurement:
        """With every condition that it was measured under."""
        care = self._care
        found = taints_of_run(
            job, measurement, self._plan.info, locked_khz=care.locked_khz, session_start=care.start
        )
        taints = (*measurement.taints, *(care.taints if measurement.status == "ok" else ()), *found)
        return dataclasses.replace(
            measurement, taints=tuple({t.id: t for t in reversed(taints)}.values())[::-1],
            clock_state=care.clock_state,
        )  # fmt: skip

    def _redo_if_throttled(self, job: Job) -> None:
        """A round in which the phone slowed down says nothing: it is discarded and measured again."""
        last = self._measured[-1] if self._measured else None
        if last is None or (last.job_id, last.status) != (job.job_id, "ok") or job.pass_name != "latency":
            return
        taint = next((t for t in last.taints if t.id == THROTTLED), None)
        if taint is None or self._care.started_hot or not self._header.profile.careful:
            return
        if not self._redos.allowed(job.round):
            return
        self._measure_again(job.round, f"round {job.round}: {taint.detail}", "throttled", taint.fix)

    def _measure_round_again(self, restart: DeviceRestarted) -> None:
        """What ran when the phone went off is discarded, and its round begins anew: half of it was before."""
        if not self._left:
            return
        job = self._left[0]
        if job is self._running:
            failure = Failure(kind="offline", cause=restart.message)
            self._record(job, self._without_number(job, "discarded", failure))
            self._running = None
        if job.pass_name == "latency" and self._redos.allowed(job.round):
            self._measure_again(job.round, f"round {job.round}: {restart.message}", "offline", "")

    def _measure_again(self, round_: int, cause: str, kind: str, fix: str) -> None:
        """The latencies of a round do not count; their jobs are the next ones."""
        spoilt = [m for m in self._measured if (m.pass_name, m.round, m.status) == ("latency", round_, "ok")]
        if not spoilt:
            return
        why = Failure(kind=kind, cause=cause, fix=fix)
        self._folder.discard({(m.job_id, m.attempt) for m in spoilt}, why)
        self._measured = [m for m in self._measured if m not in spoilt]
        self.counts["ok"] -= len(spoilt)
        self.counts["discarded"] += len(spoilt)
        by_id = {known.job_id: known for known in self._jobs}
        again = [by_id[m.job_id] for m in spoilt]
        self._left.extendleft(reversed(again))
        self._emit(JobsAdded(device=self.device, jobs=len(again), reason=f"measured again: {why.cause}"))

    def _add_rounds(self) -> bool:
        """Whether there is more to measure, since an interval is still too wide."""
        most = self._header.profile.max_rounds
        more = rounds_to_add(self._header, self.device, self._jobs, self._measured, most)
        if more is None:
            return False
        self._folder.add_jobs(more.jobs)
        self._jobs += more.jobs
        self._left.extend(more.jobs)
        self._added += len({job.round for job in more.jobs})
        self._emit(JobsAdded(device=self.device, jobs=len(more.jobs), reason=more.reason))
        return True

    def _attempt(self, job: Job) -> Attempt:
        number = max(self._tries[job.job_id], 1)
        return Attempt(
            job=job,
            variant=self._variants[job.variant],
            number=number,
            outputs=self._folder.outputs_folder(),
            log=lambda text: self._folder.write_log(job.job_id, number, text),
        )

    def _record(self, job: Job, measurement: Measurement) -> None:
        self._folder.append(measurement)
        self._measured.append(light(measurement))
        self.counts[measurement.status] += 1
        self._emit(JobEnded(job=job, measurement=measurement))

    def _ended_early(self, failure: Failure) -> str:
        """What is left was not started, and why; --resume does it later."""
        for job in self._left:
            self._record(job, self._next_without_number(job, "skipped", failure))
        self.lost = failure.cause if failure.fix == "" else f"{failure.cause}\n    → {failure.fix}"
        return failure.cause

    def _give_up(self, error: DevbenchError) -> str:
        """The phone is lost: what runs is discarded or failed, what waits is skipped; --resume does all later."""
        self.lost = error.message
        kind = "bad-model" if isinstance(error, ModelError) else getattr(error, "kind", "offline")
        failure = Failure(kind=kind, cause=error.message, fix=error.fix or "")
        if self._stop.is_set():
            return error.message
        if isinstance(error, DeviceError):
            self.setback = dataclasses.replace(failure, cause=self._without_serials(error.message))
        for job in self._left:
            if job is self._running:
                status: Status = "discarded" if kind == "offline" else "failed"
                self._record(job, self._without_number(job, status, failure))
            else:
                self._record(job, self._next_without_number(job, "skipped", failure))
        return error.message

    def _without_serials(self, text: str) -> str:
        """What is kept of a phone beyond its run is shown to everybody."""
        for serial in (*self._site.line.addresses, self._plan.info.serial, self._plan.info.serialno):
            text = text.replace(serial or self.device, self.device)
        return text

    def _next_without_number(self, job: Job, status: Status, failure: Failure) -> Measurement:
        self._tries[job.job_id] += 1
        return self._without_number(job, status, failure)

    def _without_number(self, job: Job, status: Status, failure: Failure) -> Measurement:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Measurement(**self._attempt(job).identity(), status=status, started_at=now, failure=failure)

    def _peak_bytes(self) -> int:
        """What a process may need at the least: its engine, and its model twice, as kernels repack weights."""
        models = [self._variants[name].size_bytes or 0 for name in _names(self._left)]
        engines = [engine.size_bytes for engine in self._plan.engines.values()]
        return 2 * max(models, default=0) + max(engines, default=0)

    def _say(self, text: str) -> None:
        self._emit(Said(device=self.device, text=text))

    def _pushed(self, what: str, size_bytes: int, seconds: float) -> None:
        self._emit(Pushed(device=self._plan.info.device, what=what, size_bytes=size_bytes, seconds=seconds))

    def _back(self, was: str, seconds: float) -> None:
        self._emit(CameBack(device=self._plan.info.device, was=was, seconds=seconds))

    def _sample(self, job: Job, phase: str, ns: int) -> None:
        """The first warm latency of each variant is told at once, before its statistics exist."""
        if phase == "steady" and (job.variant, job.device) not in self._shown:
            self._shown.add((job.variant, job.device))
            self._emit(FirstNumber(job=job, phase=phase, ns=ns))


def _names(jobs: Iterable[Job]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(job.runs for job in jobs))
