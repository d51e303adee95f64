"""A run on a lab's phones: sessions queue, plans given when a phone's turn comes, ledgers copied as they grow.

Whatever is lost (a phone's process, its host, the scheduler, we) costs the process that was being measured at most:
what was measured lies in an agent's ledger until it is copied, attempts are counted here, and --resume goes on.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from devbench.domain.codec import to_json
from devbench.domain.event import Event, PhoneStarted, Said
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement, Status
from devbench.lab.copy import Copier
from devbench.lab.files import files_of, header_of_phone
from devbench.lab.link import DeskError, Lab, LabLost, Link, connected
from devbench.runners.base import identity
from devbench.session import Limits, Outcome, Prepared
from devbench.session.prepare import PhonePlan
from devbench.session.rounds import light
from devbench.store import RunFolder

POLL_S = 0.5
MOST_AGAIN = 5
LAB_BACK_S = 900.0
STOP_S = 60.0


@dataclass(kw_only=True)
class _Phone:
    """One phone's part: how often its session was submitted, and the task that waits for it."""

    plan: PhonePlan
    again: int = 0
    task: Any = None
    offsets: dict[str, int] = field(default_factory=dict)


class Submission:
    """`go` measures what is left of a run on the phones of a lab, into the run's own folder."""

    def __init__(
        self, prepared: Prepared, folder: RunFolder, lab: Lab, emit: Callable[[Event], None], limits: Limits
    ) -> None:
        self._run_id = prepared.header.run_id
        self._prepared = prepared
        self._folder = folder
        self._lab = lab
        self._emit = emit
        self._limits = limits
        self._copier = Copier(folder.read(), folder, emit)
        self._phones = {phone.info.device: _Phone(plan=phone) for phone in prepared.phones}
        self._left = set(self._phones)
        self._lost: dict[str, str] = {}
        self._interrupted = False

    def go(self) -> Outcome:
        """Everything that can be measured; Ctrl-C stops the sessions and keeps what they have."""
        for phone in self._phones.values():
            self._emit(PhoneStarted(device=phone.plan.info, jobs=len(phone.plan.jobs)))
            self._refuse(phone.plan)
        away_since_s: float | None = None
        while self._left and not self._interrupted:
            try:
                with connected(self._lab) as link:
                    away_since_s = None
                    self._drive(link)
            except LabLost as lost:
                now_s = time.monotonic()
                if away_since_s is None:
                    away_since_s = now_s
                    self._say(f"{lost.message}; sessions go on meanwhile")
                if now_s - away_since_s > LAB_BACK_S:
                    self._give_up(lost)
                    break
                time.sleep(POLL_S)
            except KeyboardInterrupt:
                self._interrupted = True
        return Outcome(
            counts=dict(self._copier.counts), lost=self._lost, attempted=self._copier.attempted,
            interrupted=self._interrupted,
        )  # fmt: skip

    def _drive(self, link: Link) -> None:
        """As long as the connection lasts."""
        for device in sorted(self._left):
            self._submit(link, self._phones[device])
        try:
            while self._left:
                self._copy_new(link)
                for device in sorted(self._left):
                    phone = self._phones[device]
                    if phone.task.done():
                        self._ended(link, device, phone)
                time.sleep(POLL_S)
        except KeyboardInterrupt:
            self._stop(link)
            return
        link.look({"do": "forget", "run": self._run_id})

    def _submit(self, link: Link, phone: _Phone) -> None:
        number = time.time_ns()  # keys of one run are never used twice: Dask would answer from memory
        phone.task = link.submit(self._run_id, phone.plan.info.device, number)

    def _copy_new(self, link: Link, only: str | None = None) -> bool:
        """What phones (or `only` one) have written since, and plans for whose turn it is; whether there was any."""
        offsets = {device: phone.offsets for device, phone in self._phones.items()}
        found = False
        for desk, (answer, lines) in link.look({"do": "look", "run": self._run_id, "offsets": offsets}).items():
            phone = self._phones.get(str(answer.get("device")))
            if phone is None or "error" in answer or only not in (None, answer["device"]):
                continue
            try:
                if lines:
                    found = True
                    self._copy(link, desk, phone, str(answer["part"]), lines)
                elif answer["state"] == "waiting":
                    self._give(link, desk, phone)
            except DeskError as error:
                self._say(f"{phone.plan.info.device}: {error.message}")
        return found

    def _copy(self, link: Link, desk: str, phone: _Phone, part: str, lines: bytes) -> None:
        """Line by line, so that what was copied is counted even if an output cannot be fetched now."""
        for line in lines.splitlines(keepends=True):
            device = phone.plan.info.device
            self._copier.copy(device, line, lambda name: link.fetch_file(desk, self._run_id, name))
            phone.offsets[part] = phone.offsets.get(part, 0) + len(line)

    def _give(self, link: Link, desk: str, phone: _Phone) -> None:
        """Files that the host lacks, then the plan: all that was copied so far counts as done."""
        device = phone.plan.info.device
        run = self._folder.read()
        header = header_of_phone(run.header, device)
        files = files_of(header)
        missing, _ = link.ask(desk, {"do": "missing", "run": self._run_id, "sha256s": sorted(files)})
        for sha256 in missing["missing"]:
            link.send_file(desk, self._run_id, sha256, files[sha256])
        earlier = [to_json(light(m)) for m in run.measurements if m.device == device]
        plan = {"do": "plan", "run": self._run_id, "header": to_json(header), "earlier": earlier,
                "silence_s": self._limits.silence_s, "back_within_s": self._limits.back_within_s}  # fmt: skip
        link.ask(desk, plan)

    def _ended(self, link: Link, device: str, phone: _Phone) -> None:
        """A session is over, by its own word or by Dask's; all that it wrote is copied first."""
        outcome, reason = _result_of(phone.task)
        while self._copy_new(link, only=device):
            pass
        if outcome in ("again", "interrupted") and phone.again < MOST_AGAIN:
            phone.again += 1
            self._submit(link, phone)
            return
        self._left.discard(device)
        if outcome != "finished":
            self._lost[device] = reason
        if outcome in ("away", "again", "interrupted"):
            self._skip(phone.plan, reason)

    def _stop(self, link: Link) -> None:
        """Ctrl-C: every session of this run ends as on its own host, and its last lines are copied."""
        self._interrupted = True
        link.look({"do": "stop", "run": self._run_id})
        for phone in self._phones.values():
            phone.task.cancel()
        end_s = time.monotonic() + STOP_S
        while time.monotonic() < end_s:
            copied = self._copy_new(link)
            answers = link.look({"do": "look", "run": self._run_id, "offsets": {}}).values()
            if not copied and not any(answer.get("state") == "measuring" for answer, _ in answers):
                return
            time.sleep(POLL_S)

    def _give_up(self, lost: LabLost) -> None:
        for device in self._left:
            self._lost[device] = lost.message
            self._skip(self._phones[device].plan, lost.message)

    def _refuse(self, plan: PhonePlan) -> None:
        """What nothing can run is said at once, as a session does."""
        for job in plan.jobs:
            if (why := plan.refused.get(job.job_id)) is not None:
                self._write(job, "skipped", why)

    def _skip(self, plan: PhonePlan, cause: str) -> None:
        """Cells without a number, with the reason; --resume fills them."""
        run = self._folder.read()
        done = set(run.ok_by_job())
        failure = Failure(kind="offline", cause=cause, fix="devbench run --resume RUN --lab … once it is back")
        device = plan.info.device
        for job in run.header.jobs:
            if job.device == device and job.job_id not in done and job.job_id not in plan.refused:
                self._write(job, "skipped", failure)

    def _write(self, job: Job, status: Status, failure: Failure) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        number = self._copier.next_attempt(job.job_id)
        self._copier.add(Measurement(**identity(job, number), status=status, started_at=now, failure=failure))

    def _say(self, text: str) -> None:
        self._emit(Said(device="lab", text=text))


def _result_of(task: Any) -> tuple[str, str]:
    """How a session ended, in its own words; `away` if there was no phone for it, `again` if it was lost."""
    from distributed.scheduler import NoValidWorkerError, NoWorkerError

    try:
        result = json.loads(task.result(timeout=30))
    except (NoValidWorkerError, NoWorkerError):
        return "away", "the phone or its host is away from the lab"
    except (Exception, asyncio.CancelledError) as error:  # what Dask has to say of lost workers and schedulers
        return "again", f"its session was lost: {error or type(error).__name__}"
    return str(result["outcome"]), str(result["reason"])


def submit(
    prepared: Prepared, folder: RunFolder, lab: Lab, emit: Callable[[Event], None], *, limits: Limits
) -> Outcome:
    """`session.run` on a lab."""
    return Submission(prepared, folder, lab, emit, limits).go()
