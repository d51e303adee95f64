"""What an agent wrote comes into the run's folder once, whatever is read twice and whatever was lost in between."""

from __future__ import annotations

import dataclasses
import json
import signal
from pathlib import Path

import pytest
from made_runs import make_run

from devbench import store
from devbench.domain.event import Event, JobEnded, JobsAdded, PhoneEnded, Said
from devbench.domain.measurement import Failure, Measurement, OutputFile
from devbench.domain.phone_session import PhoneSession
from devbench.lab.copy import Copier
from devbench.lab.ledger import Ledger, read_lines, with_ledgers
from devbench.store import RunFolder

RUN = make_run()
DEVICE = RUN.header.devices[0].device
RUN_BEGUN = dataclasses.replace(RUN, measurements=(), sessions=())
ONE, TWO = (m for m in RUN.measurements[:2])
SESSION = PhoneSession(device=DEVICE, started_at="2026-01-31", ended_at="2026-01-31", outcome="finished")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = store.create(tmp_path / "results", RUN.header.run_id)
    made.write_header(RUN.header)
    return made


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    (tmp_path / "agent" / "outputs").mkdir(parents=True)
    return Ledger(tmp_path / "agent", "0000-ab", {"R58M123": DEVICE})


def copied(folder: RunFolder, ledger: Ledger) -> list[Event]:
    """Everything in the ledger, by a copier that knows the folder only, as after a restart."""
    events: list[Event] = []
    copier = Copier(folder.read(), folder, events.append)
    for line in (ledger.path / "part-0000-ab.jsonl").read_bytes().splitlines(keepends=True):
        copier.copy(DEVICE, line, lambda name: (ledger.path / name).read_bytes())
    return events


def test_everything_once_however_often_it_is_read(folder: RunFolder, ledger: Ledger) -> None:
    more = dataclasses.replace(RUN.header.jobs[0], job_id=16 * "e")
    output = OutputFile(
        index=0, name="y", dtype="float32", shape=(1,), sha256="0" * 64, size_bytes=4, file="outputs/y.bin"
    )
    (ledger.path / "outputs" / "y.bin").write_bytes(b"1234")
    two = dataclasses.replace(TWO, outputs=(output,))
    ledger.write_log(ONE.job_id, ONE.attempt, "what it said")
    ledger.append(ONE)
    ledger.append(two)
    ledger.discard({(ONE.job_id, ONE.attempt)}, Failure(kind="throttled", cause="hot"))
    ledger.add_jobs([more])
    ledger.tell(Said(device=DEVICE, text="it is warm"))
    ledger.append_session(SESSION)
    first, second, third = copied(folder, ledger), copied(folder, ledger), copied(folder, ledger)
    assert [type(event) for event in first] == [JobEnded, JobEnded, JobsAdded, Said, PhoneEnded]
    assert second == third == []
    run = folder.read()
    assert [(m.job_id, m.status) for m in run.measurements] == [(ONE.job_id, "discarded"), (two.job_id, "ok")]
    assert run.header.jobs == (*RUN.header.jobs, more)
    assert run.sessions == (SESSION,)
    assert [entry.text for entry in store.read_journal(folder.path)] == ["it is warm"]
    assert (folder.path / "outputs" / "y.bin").read_bytes() == b"1234"
    assert (folder.path / "logs" / f"{ONE.job_id}.txt").read_text().count("what it said") == 1


def test_a_second_host_cannot_make_a_job_count_twice(folder: RunFolder, ledger: Ledger) -> None:
    """A phone was moved while its first host was away, and both measured one job under one number."""
    folder.append(ONE)
    elsewhere = dataclasses.replace(ONE, started_at="2031-01-01T00:00:00")
    ledger.append(elsewhere)
    copied(folder, ledger)
    copied(folder, ledger)
    found = [(m.attempt, m.status, m.started_at) for m in folder.read().measurements]
    assert found == [(1, "ok", ONE.started_at), (2, "discarded", elsewhere.started_at)]


def skipped(number: int) -> Measurement:
    """What a submitter writes for a phone whose host it cannot reach."""
    failure = Failure(kind="offline", cause="the phone or its host is away from the lab")
    at = f"2031-01-01T00:00:0{number}"
    return dataclasses.replace(
        ONE, attempt=number, status="skipped", started_at=at, failure=failure, series=(), outputs=()
    )


def test_what_a_lost_host_had_measured_counts_although_it_was_skipped_meanwhile(
    folder: RunFolder, ledger: Ledger
) -> None:
    """Its number was given away; it gets the next one, with its log, and a round measured again means that one."""
    folder.append(skipped(1))
    ledger.write_log(ONE.job_id, 1, "what it said")
    ledger.append(ONE)
    copied(folder, ledger)
    copied(folder, ledger)
    found = [(m.attempt, m.status, m.started_at) for m in folder.read().measurements]
    assert found == [(1, "skipped", skipped(1).started_at), (2, "ok", ONE.started_at)]
    assert (folder.path / "logs" / f"{ONE.job_id}.txt").read_text() == "# attempt 2\nwhat it said\n"
    again = dataclasses.replace(ONE, attempt=2, started_at="2031-01-01T00:01:00")
    ledger.discard({(ONE.job_id, 1)}, Failure(kind="throttled", cause="hot"))
    ledger.append(again)
    copied(folder, ledger)
    copied(folder, ledger)
    found = [(m.attempt, m.status, m.started_at) for m in folder.read().measurements]
    assert found[1:] == [(2, "discarded", ONE.started_at), (3, "ok", again.started_at)]


def test_a_session_knows_what_the_phones_ledgers_hold_and_its_submitter_does_not(ledger: Ledger) -> None:
    """A process that ended when nobody could hear of it is not measured again; rounds added and spoilt count."""
    more = dataclasses.replace(RUN.header.jobs[0], job_id=16 * "e")
    ledger.append(ONE)
    ledger.append(TWO)
    ledger.discard({(TWO.job_id, TWO.attempt)}, Failure(kind="throttled", cause="hot"))
    ledger.add_jobs([more])
    asked = dataclasses.replace(RUN, measurements=(skipped(1), TWO))
    known = with_ledgers(asked, ledger.path)
    found = sorted((m.job_id, m.status, m.started_at) for m in known.measurements)
    assert found == sorted([
        (ONE.job_id, "skipped", skipped(1).started_at), (ONE.job_id, "ok", ONE.started_at),
        (TWO.job_id, "discarded", TWO.started_at),
    ])  # fmt: skip
    assert known.header.jobs == (*RUN.header.jobs, more)
    assert with_ledgers(known, ledger.path) == known


class Interrupted(RunFolder):
    """Ctrl-C comes when a record is on the disk, and before anybody else knows."""

    def append(self, measurement: Measurement) -> None:
        super().append(measurement)
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_between_writing_and_counting_does_not_write_a_record_twice(
    folder: RunFolder, ledger: Ledger
) -> None:
    """After Ctrl-C what is left of a ledger is copied, beginning with the line that was interrupted."""
    ledger.append(ONE)
    (line,) = (ledger.path / "part-0000-ab.jsonl").read_bytes().splitlines(keepends=True)
    told: list[Event] = []
    copier = Copier(RUN_BEGUN, Interrupted(folder.path), told.append)
    with pytest.raises(KeyboardInterrupt):
        copier.copy(DEVICE, line, lambda name: b"")
    copier.copy(DEVICE, line, lambda name: b"")
    with pytest.raises(KeyboardInterrupt):
        copier.add(dataclasses.replace(TWO, status="skipped"))
    assert copier.next_attempt(TWO.job_id) == 2
    assert [(m.job_id, m.attempt) for m in folder.read().measurements] == [(ONE.job_id, 1), (TWO.job_id, 1)]
    assert [type(event) for event in told] == [JobEnded, JobEnded]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_serial_number_never_leaves_its_host(ledger: Ledger) -> None:
    failure = Failure(kind="offline", cause='R58M123: "gone"')
    ledger.append(dataclasses.replace(ONE, status="failed", failure=failure, log_tail="R58M123\n"))
    ledger.write_log(ONE.job_id, 1, "error: device 'R58M123' not found")
    text = (ledger.path / "part-0000-ab.jsonl").read_text()
    assert "R58M123" not in text
    assert json.loads(text.splitlines()[0])["record"]["failure"]["cause"] == f'{DEVICE}: "gone"'


def test_only_whole_lines_are_read(tmp_path: Path) -> None:
    """A line that is being written, or that a power cut has cut, is not there yet."""
    path = tmp_path / "part.jsonl"
    path.write_bytes(b"one\ntwo\nthr")
    assert read_lines(path, 0, 100) == b"one\ntwo\n"
    assert read_lines(path, 4, 100) == b"two\n"
    assert read_lines(path, 8, 100) == b""
    assert read_lines(path, 0, 2) == b"one\n", "a line longer than what is asked for comes whole"
