"""A run's folder: the header first and atomically, then one fsynced line an attempt; nothing is lost.

`run.json` is what was asked for, `records.jsonl` what came of it, `sessions.jsonl` the conditions on each phone,
`journal.jsonl` when what happened, `logs/` the raw talk, `outputs/` tensors,
`report/` derived and deletable. docs/results-format.md has every key.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import tempfile
import threading
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from devbench.domain.codec import from_json, to_json
from devbench.domain.job import Job
from devbench.domain.journal import JOURNAL_SCHEMA, JournalEntry
from devbench.domain.measurement import MEASUREMENT_SCHEMA, Failure, Measurement, OutputFile
from devbench.domain.phone_session import PHONE_SESSION_SCHEMA, PhoneSession
from devbench.domain.run import RUN_SCHEMA, Run, RunHeader
from devbench.errors import StoreError
from devbench.hashing import sha256_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER = "run.json"
RECORDS = "records.jsonl"
SESSIONS = "sessions.jsonl"
JOURNAL = "journal.jsonl"
LOCK = ".lock"
_T = TypeVar("_T")


class RunFolder:
    """One run on disk. `append` may be called by any thread.

    What is done while phones measure does not grow with what was measured before: run.json is kept in memory, its
    jobs as text, and read again only when another process has written it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._header: _KeptHeader | None = None

    @property
    def run_id(self) -> str:
        return self.path.name

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The run is worked on by this process alone; StoreError if another does. The kernel frees the dead's."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / LOCK, 0, thread_local=False)
        with _told(self.path / LOCK):
            try:
                lock.acquire()
            except Timeout as error:
                told = f"{self.path} is worked on by another devbench"
                raise StoreError(told, fix="wait for it to end; `devbench devices` shows it") from error
        try:
            yield
        finally:
            lock.release()

    def is_held(self) -> bool:
        """Whether a living process works on the run; looking holds it for a moment."""
        from filelock import FileLock, Timeout

        if not (self.path / LOCK).exists():
            return False
        try:
            with FileLock(self.path / LOCK, 0, thread_local=False):
                return False
        except (Timeout, OSError):
            return True

    def write_header(self, header: RunHeader) -> None:
        """run.json, whole or not at all."""
        data = to_json(header)
        assert isinstance(data, dict)
        jobs = data.pop("jobs")
        assert isinstance(jobs, list)
        self._write_header(json.dumps(data, indent=1), [_compact(job) for job in jobs])

    def _write_header(self, head: str, jobs: list[str]) -> None:
        path = self.path / HEADER
        lines = ",\n  ".join(jobs)
        text = f'{head.removesuffix("}").rstrip()},\n "jobs": [\n  {lines}\n ]\n}}'
        with _told(path):
            write_atomically(path, text)
            self._header = _KeptHeader(head=head, jobs=jobs, mark=_mark(path))

    def append(self, measurement: Measurement) -> None:
        """One line in records.jsonl, on the disk when this returns."""
        self._append(RECORDS, measurement)

    def append_session(self, session: PhoneSession) -> None:
        """One line in sessions.jsonl, on the disk when this returns."""
        self._append(SESSIONS, session)

    def discard(self, attempts: Collection[tuple[str, int]], why: Failure) -> None:
        """Attempts (job_id, attempt) that were `ok` and do not count any more, all or none; their samples stay."""
        path = self.path / RECORDS
        ids = [job_id.encode() for job_id, _ in attempts]
        with self._lock, _told(path), open(path, "rb") as old, atomically(path) as new:
            for line in old:
                whole = line if line.endswith(b"\n") else line + b"\n"
                new.write(_discarded(whole, attempts, why) if any(one in line for one in ids) else whole)

    def add_jobs(self, jobs: Iterable[Job]) -> None:
        """Rounds added in mid-run, in run.json before any of their jobs is measured."""
        with self._lock:
            known = self._header
            if known is None or known.mark != _mark(self.path / HEADER):
                self.write_header(
                    read_header(self.path)
                )  # another process has written it, or it is an older run
                known = self._header
            assert known is not None
            self._write_header(known.head, [*known.jobs, *(_compact(to_json(job)) for job in jobs)])

    def _append(self, name: str, record: Measurement | PhoneSession) -> None:
        """A cut line before it is ended first."""
        line = _compact(to_json(record)) + "\n"
        with self._lock, _told(self.path / name), open(self.path / name, "ab+") as file:
            begins = file.tell() == 0
            if not begins:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
            if begins:
                sync_folder(self.path)

    def write_log(self, job_id: str, attempt: int, text: str) -> None:
        """The raw talk of one attempt; attempts of a job follow each other in one file."""
        folder = self.path / "logs"
        with _told(folder):
            folder.mkdir(exist_ok=True)
        with _told(folder), open(folder / f"{job_id}.txt", "a", encoding="utf-8", errors="replace") as file:
            file.write(f"# attempt {attempt}\n{text}\n")

    def outputs_folder(self) -> Path:
        folder = self.path / "outputs"
        with _told(folder):
            folder.mkdir(exist_ok=True)
        return folder

    def read(self) -> Run:
        """The run as it stands; StoreError if run.json is missing, damaged or of a newer devbench."""
        header = read_header(self.path)
        measurements, cut = _read_lines(self.path / RECORDS, Measurement, MEASUREMENT_SCHEMA)
        sessions, cut_too = _read_lines(self.path / SESSIONS, PhoneSession, PHONE_SESSION_SCHEMA)
        return Run(
            header=header,
            measurements=measurements,
            folder=str(self.path),
            warnings=(*cut, *cut_too),
            sessions=sessions,
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _KeptHeader:
    """run.json as it was written: all but its jobs, the jobs as a line each, and how to know the file again."""

    head: str
    jobs: list[str]
    mark: tuple[int, ...]


def _mark(path: Path) -> tuple[int, ...]:
    """Another one once the file was written by anybody."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _compact(data: Any) -> str:
    return json.dumps(data, separators=(",", ":"))


def _discarded(line: bytes, attempts: Collection[tuple[str, int]], why: Failure) -> bytes:
    """The line as it is, or as one of those attempts that do not count any more."""
    data = _json_or_none(line)
    if not isinstance(data, dict) or (data.get("job_id"), data.get("attempt")) not in attempts:
        return line
    return _compact(data | {"status": "discarded", "failure": to_json(why)}).encode() + b"\n"


def read_output(folder: Path, output: OutputFile) -> NDArray[Any]:
    """An output tensor of the run in `folder`; StoreError where its file is not the one that the phone told of."""
    import numpy as np

    if output.file is None:
        raise StoreError(f"output {output.name} stayed on the phone: it is too large")
    path = folder / output.file
    if not path.is_file():
        raise StoreError(f"{output.file} is gone from the run's folder")
    if path.stat().st_size != output.size_bytes or sha256_of(path) != output.sha256:
        raise StoreError(f"{path} is not the file whose hash the phone told", fix="measure again")
    try:
        return np.fromfile(path, np.dtype(output.dtype).newbyteorder("<")).reshape(output.shape)
    except (TypeError, ValueError):
        raise StoreError(f"output {output.name} is no array of {output.dtype} {output.shape}") from None


def read_journal(folder: Path) -> tuple[JournalEntry, ...]:
    """What happened when, in order; empty for a run that has no journal."""
    return _read_lines(folder / JOURNAL, JournalEntry, JOURNAL_SCHEMA)[0]


def new_run_id(now: datetime, suffix: str) -> str:
    """`20260131-142501-ab12`: sorts by time, and two runs of one second differ."""
    return f"{now:%Y%m%d-%H%M%S}-{suffix}"


def create(results: Path, run_id: str) -> RunFolder:
    """A new, empty run folder below `results`."""
    path = results / run_id
    check_writable(results)
    with _told(path):
        path.mkdir()
        sync_folder(results)
    return RunFolder(path)


def check_writable(results: Path) -> None:
    """StoreError before anything is measured if runs cannot be kept in `results`; made if missing."""
    with _told(results):
        results.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results) as probe:
            probe.write(b"1")


def find(results: Path, name: str) -> RunFolder:
    """The run folder that `name` means: a path, a run id below `results`, or `latest`."""
    if name == "latest":
        runs = sorted(path.parent for path in results.glob(f"*/{HEADER}"))
        if not runs:
            raise StoreError(f"there is no run in {results}", fix="devbench run MODEL.tflite")
        return RunFolder(runs[-1])
    for path in (Path(name), results / name):
        if (path / HEADER).is_file():
            return RunFolder(path)
    raise StoreError(
        f"{name} is not a run folder: it has no {HEADER}", fix=f"one of `ls {results}`, or `latest`"
    )


def read_header(folder: Path) -> RunHeader:
    path = folder / HEADER
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise StoreError(
            f"{path} is damaged: {error}",
            fix=f"the measurements are whole in {folder / RECORDS}; restore run.json from a copy",
        ) from error
    return from_json(RunHeader, _upgraded(data, RUN_SCHEMA, str(path)))


def _read_lines(path: Path, kind: type[_T], schema: int) -> tuple[tuple[_T, ...], list[str]]:
    """All whole lines. A cut last line is what a power cut leaves: tolerated, and said."""
    if not path.exists():
        return (), []
    found: list[_T] = []
    warnings: list[str] = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line:
            continue
        data = _json_or_none(line)
        if data is None:
            warnings.append(f"{path.name} line {number} is cut off: what it told counts as not done")
            continue
        found.append(from_json(kind, _upgraded(data, schema, f"{path.name} line {number}")))
    return tuple(found), warnings


def _json_or_none(line: str | bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _upgraded(data: Any, current: int, where: str) -> Any:
    """`data` at the current schema: older ones step by step, newer ones refused."""
    schema = data.get("schema") if isinstance(data, dict) else None
    if not isinstance(schema, int):
        raise StoreError(f"{where} says no schema number: it is not a file of devbench")
    if schema > current:
        raise StoreError(
            f"{where} was written by a newer devbench (schema {schema}, this one reads up to {current})",
            fix=StoreError.UPGRADE,
        )
    return data


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """What the host's disk refuses, as an error with the path and the way out."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror or error}",
            fix="choose another folder with --out DIR, or mend its permissions or the disk",
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """`path` with `text`: whole or not at all, on the disk when this returns."""
    with atomically(path) as file:
        file.write(text.encode())


@contextlib.contextmanager
def atomically(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` at the end of the block: whole or not at all, and then on the disk."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """A new name in `path` survives a power cut; Windows has no such call and needs none."""
    if os.name == "posix":
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
