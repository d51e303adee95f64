"""From an agent's ledger to the run's folder: each act once, however often it is read, and nothing twice."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devbench.domain.codec import from_json, to_json
from devbench.domain.event import Event, JobEnded, JobsAdded, PhoneEnded, Said
from devbench.domain.job import Job
from devbench.domain.journal import JournalEntry
from devbench.domain.measurement import Failure, Measurement
from devbench.domain.phone_session import PhoneSession
from devbench.domain.run import Run
from devbench.lab.whole import whole
from devbench.store import JOURNAL, RunFolder, read_journal

Fetch = Callable[[str], bytes]


class Copier:
    """Writes what agents measured into one run's folder.

    An attempt whose number was given away here meanwhile (as `skipped`, while its host could not be reached) gets
    the next one. Two hosts may have measured one job, if a phone was moved in such a time: the later copy is kept
    as `discarded`.
    """

    def __init__(self, run: Run, folder: RunFolder, emit: Callable[[Event], None]) -> None:
        self._folder = folder
        self._emit = emit
        self._jobs = {job.job_id: job for job in run.header.jobs}
        self._paths = {
            sha256: path for job in run.header.jobs for name, path in job.input_files.items()
            if (sha256 := job.input_sha256.get(name))
        }  # fmt: skip
        self._known: dict[str, dict[int, str]] = {}
        for m in run.measurements:
            self._known.setdefault(m.job_id, {})[m.attempt] = m.started_at
        self._numbers: dict[tuple[str, int], int] = {}  # under which a ledger's attempt stands here
        self._logs: dict[tuple[str, int], str] = {}  # until the record comes that they belong to
        self._ok = {m.job_id: m.attempt for m in run.measurements if m.status == "ok"}
        self._journal = set(read_journal(folder.path))
        self._sessions = {(s.device, s.started_at) for s in run.sessions}
        self.counts: Counter[str] = Counter()
        self.attempted = 0
        self.ended: dict[str, PhoneSession] = {}

    def copy(self, device: str, line: bytes, fetch: Fetch) -> None:
        """One line of a ledger of `device`; `fetch` gets an output's bytes by its name from the agent.

        What is written is also counted when Ctrl-C comes between: it would be written again, as its line is read
        again.
        """
        with whole():
            self._act(device, json.loads(line), fetch)

    def _act(self, device: str, act: dict[str, Any], fetch: Fetch) -> None:
        match act["do"]:
            case "record":
                self._record(from_json(Measurement, act["record"]), fetch)
            case "session":
                self._session(from_json(PhoneSession, act["session"]))
            case "discard":
                attempts = ((job_id, attempt) for job_id, attempt in act["attempts"])
                self._discard({(key[0], self._numbers.get(key, key[1])) for key in attempts}, act["why"])
            case "jobs":
                self._add(device, tuple(from_json(Job, job) for job in act["jobs"]))
            case "log":
                self._logs[act["job_id"], act["attempt"]] = act["text"]
            case "journal":
                self._happened(from_json(JournalEntry, act["entry"]))

    def _record(self, record: Measurement, fetch: Fetch) -> None:
        known = self._known.setdefault(record.job_id, {})
        key = record.job_id, record.attempt
        for number, started_at in known.items():
            if started_at == record.started_at:
                self._numbers[key] = number
                self._logs.pop(key, None)
                return  # it was copied before
        if record.status == "ok" and record.job_id in self._ok:
            record = _second(record)
        if record.attempt in known:
            record = dataclasses.replace(record, attempt=self.next_attempt(record.job_id))
        self._numbers[key] = record.attempt
        for output in record.outputs:
            if output.file is not None:
                place = self._folder.outputs_folder() / Path(output.file).name
                place.write_bytes(fetch(output.file))
        if (log := self._logs.pop(key, None)) is not None:
            self._folder.write_log(record.job_id, record.attempt, log)
        self._keep(record)

    def next_attempt(self, job_id: str) -> int:
        return max(self._known.get(job_id, {}), default=0) + 1

    def add(self, record: Measurement) -> None:
        """A record that nobody has written yet."""
        with whole():
            self._keep(record)

    def _keep(self, record: Measurement) -> None:
        known = self._known.setdefault(record.job_id, {})
        self._folder.append(record)
        known[record.attempt] = record.started_at
        if record.status == "ok":
            self._ok[record.job_id] = record.attempt
        self.counts[record.status] += 1
        self.attempted += record.status in ("ok", "failed")
        self._emit(JobEnded(job=self._jobs[record.job_id], measurement=record))

    def _session(self, session: PhoneSession) -> None:
        self.ended[session.device] = session
        if (session.device, session.started_at) in self._sessions:
            return
        self._sessions.add((session.device, session.started_at))
        self._folder.append_session(session)
        self._emit(PhoneEnded(device=session.device, reason=session.reason))

    def _discard(self, attempts: set[tuple[str, int]], why: Any) -> None:
        if spoilt := attempts & set(self._ok.items()):
            self._folder.discard(spoilt, from_json(Failure, why))
            for job_id, _ in spoilt:
                del self._ok[job_id]
            self.counts.update(ok=-len(spoilt), discarded=len(spoilt))

    def _happened(self, entry: JournalEntry) -> None:
        """By the clock of the phone's host, as it is the one that knows."""
        if entry in self._journal:
            return
        self._journal.add(entry)
        with open(self._folder.path / JOURNAL, "a", encoding="utf-8") as file:
            file.write(json.dumps(to_json(entry), separators=(",", ":")) + "\n")
        if entry.happening == "said":
            self._emit(Said(device=entry.device, text=entry.text))

    def _add(self, device: str, jobs: tuple[Job, ...]) -> None:
        """Rounds that a session added, their input files where they are on this host."""
        new = [self._at_home(job) for job in jobs if job.job_id not in self._jobs]
        if new:
            self._folder.add_jobs(new)
            self._jobs |= {job.job_id: job for job in new}
            self._emit(JobsAdded(device=device, jobs=len(new), reason="rounds more"))

    def _at_home(self, job: Job) -> Job:
        files = {name: self._paths.get(job.input_sha256[name], path) for name, path in job.input_files.items()}
        return dataclasses.replace(job, input_files=files)


def _second(record: Measurement) -> Measurement:
    """A number for a job that has one, which does not count."""
    cause = "measured on a second host while the first could not be reached; what came first counts"
    why = Failure(kind="offline", cause=cause)
    return dataclasses.replace(record, status="discarded", failure=why, outputs=())
