"""What a session on an agent writes down, so that whoever submitted it can write the same: a line for each act.

The lines are on the agent's disk before anybody is told; copying them twice changes nothing.
"""

from __future__ import annotations

import dataclasses
import json
import os
import threading
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devbench.domain.codec import from_json, to_json
from devbench.domain.event import Event
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement
from devbench.domain.phone_session import PhoneSession
from devbench.domain.run import Run
from devbench.errors import StoreError
from devbench.session.journal import entry_of
from devbench.store import RunFolder

PREFIX = "part-"


class Ledger(RunFolder):
    """Takes the place of a run's folder for one session on an agent: `outputs/` and a file of lines.

    `names` are texts that must not leave this host (serial numbers), and what stands for them.
    """

    def __init__(self, path: Path, part: str, names: dict[str, str]) -> None:
        super().__init__(path)
        self._file = path / f"{PREFIX}{part}.jsonl"
        self._names = {json.dumps(text)[1:-1]: name for text, name in names.items() if text}
        self._writing = threading.Lock()
        self.session: PhoneSession | None = None  # how the phone's part ended

    def append(self, measurement: Measurement) -> None:
        self.write("record", record=to_json(measurement))

    def append_session(self, session: PhoneSession) -> None:
        self.write("session", session=to_json(session))
        self.session = session

    def tell(self, event: Event) -> None:
        """When things happened, for the run's journal: it decides nothing, so a power cut may take it."""
        entry = entry_of(event, datetime.now(UTC).isoformat(timespec="milliseconds"))
        if entry is not None:
            self._write("journal", {"entry": to_json(entry)}, sync=False)

    def discard(self, attempts: Collection[tuple[str, int]], why: Failure) -> None:
        self.write("discard", attempts=sorted(attempts), why=to_json(why))

    def add_jobs(self, jobs: Iterable[Job]) -> None:
        self.write("jobs", jobs=[to_json(job) for job in jobs])

    def write_log(self, job_id: str, attempt: int, text: str) -> None:
        self.write("log", job_id=job_id, attempt=attempt, text=text)

    def write(self, do: str, **what: Any) -> None:
        """One line, on the disk when this returns."""
        self._write(do, what, sync=True)

    def _write(self, do: str, what: dict[str, Any], *, sync: bool) -> None:
        line = json.dumps({"do": do, **what}, separators=(",", ":"))
        for text, name in self._names.items():
            line = line.replace(text, name)
        try:
            with self._writing, open(self._file, "ab") as file:
                file.write(line.encode() + b"\n")
                file.flush()
                if sync:
                    os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"{self._file} cannot be written: {error.strerror or error}") from error


def read_lines(path: Path, offset: int, most_bytes: int) -> bytes:
    """Whole lines of a ledger from `offset` on: at least one if there is one, else about `most_bytes`."""
    with open(path, "rb") as file:
        file.seek(offset)
        text = file.read(most_bytes)
        if b"\n" not in text:
            text += file.readline()
    return text[: text.rfind(b"\n") + 1]


def with_ledgers(run: Run, folder: Path) -> Run:
    """`run` as its submitter knows it, and what the ledgers in `folder` hold of it beyond that.

    A session that ended when nobody could hear of it has measured what its submitter still asks for.
    """
    measured = {(m.job_id, m.started_at): m for m in run.measurements}
    jobs = {job.job_id: job for job in run.header.jobs}
    ours: dict[tuple[str, int], tuple[str, str]] = {}  # where in `measured` an attempt of a ledger is
    for act in _acts(folder):
        match act["do"]:
            case "jobs":
                added = (from_json(Job, job) for job in act["jobs"])
                jobs |= {job.job_id: job for job in added if job.job_id not in jobs}
            case "record":
                m = from_json(Measurement, act["record"])
                key = ours[m.job_id, m.attempt] = m.job_id, m.started_at
                measured.setdefault(key, m)
            case "discard":
                for job_id, attempt in act["attempts"]:
                    if (key_or_none := ours.get((job_id, attempt))) is not None:
                        measured[key_or_none] = dataclasses.replace(measured[key_or_none], status="discarded")
    header = dataclasses.replace(run.header, jobs=tuple(jobs.values()))
    return dataclasses.replace(run, header=header, measurements=tuple(measured.values()))


def _acts(folder: Path) -> Iterator[dict[str, Any]]:
    """In the order in which they were written."""
    for path in sorted(folder.glob(f"{PREFIX}*.jsonl")):
        for line in read_lines(path, 0, path.stat().st_size).splitlines():
            yield json.loads(line)
