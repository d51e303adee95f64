"""The index: whatever the folders say, no more and no less, whoever else is at work on them."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from made_nights import changed, kept, night
from made_runs import SERIAL, backend, phone

from devbench.domain.codec import to_json
from devbench.domain.history import Line
from devbench.domain.measurement import Failure
from devbench.domain.phone_session import PhoneSession
from devbench.errors import StoreError, UsageError
from devbench.history import History, Wanted
from devbench.store import RECORDS, SESSIONS
from devbench.summary import control_summaries, summarise

STEADY = Wanted(variants=["fp32"], metrics=["latency"], phases=["steady"])


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three nights."""
    for number in (1, 2, 3):
        kept(tmp_path / "results", night(number))
    return tmp_path / "results"


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "home" / "history.sqlite")


def only(history: History, wanted: Wanted = STEADY) -> Line:
    (line,) = history.lines(wanted)
    return line


def nights(history: History) -> list[str]:
    return [point.night for point in only(history).points]


def test_a_line_has_each_night_with_what_the_report_says_of_it(results: Path, history: History) -> None:
    """Value, interval, control, verdict and file of a point are those of the run's own summary."""
    assert history.refresh([results]).runs == 3
    line, run = only(history), night(2)
    assert [p.night for p in line.points] == ["2026-01-01", "2026-01-02", "2026-01-03"]
    row = next(s for s in summarise(run) if s.cell.variant.variant == "fp32")
    steady, (control,) = row.estimate("latency", "steady"), control_summaries(run)
    point = line.points[1]
    assert steady is not None and control.estimate("latency", "steady") is not None
    numbers = (point.value, point.low, point.high, point.n, point.rounds)
    assert numbers == (steady.value, steady.low, steady.high, steady.n, steady.rounds)
    assert point.control_value == control.estimate("latency", "steady").value  # type: ignore[union-attr]
    assert (point.status, point.verdict, point.started_at) == ("ok", row.verdict, "2026-01-02T01:00:00Z")
    assert point.variant_sha256 == row.cell.variant.sha256 and Path(point.folder) == results / point.run_id
    assert line.unit == "ns" and line.basis == "value" and len(line.segments) == 1


def test_only_what_changed_is_read_again_and_what_went_away_vanishes(results: Path, history: History) -> None:
    """A run that is still being written counts with what it has, and again when it has more."""
    assert history.refresh([results]).added == 3
    assert history.refresh([results]).added == 0
    folder = kept(results, night(4))
    whole = (folder / RECORDS).read_text()
    lines = whole.splitlines(keepends=True)
    (folder / RECORDS).write_text("".join(lines[:9]) + lines[9][:200])
    assert history.refresh([results]).added == 1
    assert only(history).points[3].rounds == 3, "nine whole records: three rounds of three variants"
    (folder / RECORDS).write_text(whole)
    assert history.refresh([results]).added == 1
    assert only(history).points[3].rounds == 5
    shutil.rmtree(folder)
    shutil.rmtree(results / night(1).header.run_id)
    found = history.refresh([results])
    assert (found.runs, found.added, found.removed) == (2, 0, 2)
    assert nights(history) == ["2026-01-02", "2026-01-03"]


def test_a_run_without_an_attempt_yet_is_a_gap(results: Path, history: History) -> None:
    (results / night(2).header.run_id / RECORDS).write_text("")
    history.refresh([results])
    gap = only(history).points[1]
    assert (gap.value, gap.status) == (None, "skipped") and "no attempt was made" in str(gap.reason)


def test_an_interrupted_night_is_a_gap_in_its_line_by_the_clocks_of_its_session(
    tmp_path: Path, history: History
) -> None:
    for number in (1, 2):
        run = night(number)
        clocked = tuple(dataclasses.replace(m, clock_state="locked") for m in run.measurements)
        folder = kept(tmp_path, dataclasses.replace(run, measurements=clocked))
    (folder / RECORDS).write_text("")
    session = PhoneSession(
        device="phone-000000", started_at="", ended_at="", outcome="interrupted", clock_state="locked"
    )
    (folder / SESSIONS).write_text(json.dumps(to_json(session)) + "\n")
    history.refresh([tmp_path])
    assert [point.value is None for point in only(history).points] == [False, True]


def test_damaged_and_newer_folders_are_named_and_come_back_when_mended(
    results: Path, history: History
) -> None:
    """One bad folder costs its own night only; what is no run is not looked at."""
    bad, newer, odd = (results / night(n).header.run_id for n in (1, 2, 3))
    header = (bad / "run.json").read_text()
    (bad / "run.json").write_text(header[:100])
    (newer / RECORDS).write_text('{"schema": 99}\n')
    (odd / "run.json").write_text(header.replace("2026-01-01T02:00:00+01:00", "last night"))
    (results / "notes").mkdir()
    found = history.refresh([results])
    assert found.runs == 0 and history.lines() == ()
    reasons = {Path(s.folder).name: s.reason for s in found.skipped}
    assert "damaged" in reasons[bad.name] and "newer devbench" in reasons[newer.name]
    assert "no time in ISO 8601" in reasons[odd.name]
    assert history.refresh([results]).added == 0, "nothing changed: they are not read again"
    (bad / "run.json").write_text(header)
    assert history.refresh([results]).runs == 1
    assert nights(history) == ["2026-01-01"]
    with pytest.raises(UsageError, match="is no folder"):
        history.refresh([results / "missing"])


def test_two_labs_merge_by_copying_folders(results: Path, history: History, tmp_path: Path) -> None:
    """Nothing counts twice, whatever was copied where and when; another lab's phone is a line of its own."""
    other = tmp_path / "other"
    kept(other, night(2, phones=(phone(1),)))
    kept(other, night(4, phones=(phone(1),)))
    shutil.copytree(other, results / "other-lab")
    shutil.copytree(results / night(1).header.run_id, results / "copied-later")
    early = kept(results / "copied-early", night(3))
    records = (early / RECORDS).read_text().splitlines(keepends=True)
    (early / RECORDS).write_text("".join(records[:6]))
    found = history.refresh([results, other])
    assert found.runs == 5
    copies = {str(Path(c.folder).relative_to(tmp_path)) for c in found.copies}
    assert len(copies) == 4 and "results/copied-early/20260103-020000-made" in copies
    lines = {line.key.device: line for line in history.lines(STEADY)}
    assert [p.night[-2:] for p in lines["phone-000000"].points] == ["01", "02", "03"]
    assert [p.night[-2:] for p in lines["phone-000001"].points] == ["02", "04"], "one run id, another phone"
    assert lines["phone-000000"].points[2].rounds == 5, "of two copies the one with more records"
    history.refresh([other])
    assert [line.key.device for line in history.lines(STEADY)] == ["phone-000001"]


def test_the_index_may_be_deleted_damaged_or_old(results: Path, history: History) -> None:
    """It says the same again; only one of a newer devbench is left alone."""
    history.refresh([results])
    before = history.lines()
    assert before and History(history.path).lines() == before, "without a look, all that is known"
    history.path.unlink()
    history.refresh([results])
    assert history.lines() == before
    history.path.write_bytes(b"not a database, but long enough to be taken for one " * 40)
    assert history.refresh([results]).added == 3 and history.lines() == before
    with sqlite3.connect(history.path) as database:
        database.execute("UPDATE made_by SET devbench = '0.0.1'")
    database.close()
    assert history.refresh([results]).added == 3 and history.lines() == before
    assert history.refresh([results], rebuild=True).added == 3 and history.lines() == before
    with sqlite3.connect(history.path) as database:
        database.execute("UPDATE made_by SET schema = 99")
    database.close()
    with pytest.raises(StoreError, match="newer devbench"):
        history.refresh([results])


def test_processes_that_look_at_once_agree(results: Path, history: History) -> None:
    """Two processes fill one new index at the same time; each sees every night, and so does who looks after."""
    code = (
        "import sys; from pathlib import Path; from devbench.history import History\n"
        "history = History(Path(sys.argv[1])); print(history.refresh([Path(sys.argv[2])]).runs)\n"
        "print({len(line.points) for line in history.lines()})"
    )
    words = [sys.executable, "-c", code, str(history.path), str(results)]
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = [process.communicate(timeout=120) for process in started]
    assert told == [("3\n{3}\n", "")] * 2
    assert history.refresh([results]).added == 0
    assert {len(line.points) for line in history.lines()} == {3}


def test_what_another_reads_anew_is_still_in_my_lines(results: Path, history: History) -> None:
    history.refresh([results])
    before = history.lines()
    header = next(results.glob("*/run.json"))
    os.utime(header, ns=(1, 1))
    assert History(history.path).refresh([results]).added == 1
    assert history.lines() == before


def test_a_night_that_failed_is_a_gap_with_its_reason_and_no_serial(tmp_path: Path, history: History) -> None:
    failed = Failure(kind="offline", cause=f"{SERIAL}-0: device offline")
    kept(tmp_path / "results", night(1))
    kept(tmp_path / "results", night(2, failures={("phone-000000", "fp32"): failed}))
    lost = night(3)
    measured = [
        dataclasses.replace(m, status="failed", failure=failed) if m.pass_name == "resources" else m
        for m in lost.measurements
    ]
    kept(tmp_path / "results", dataclasses.replace(lost, measurements=tuple(measured)))
    kept(tmp_path / "results", night(4, resources=False))
    history.refresh([tmp_path / "results"])
    line = only(history)
    assert [p.value is None for p in line.points] == [False, True, False, False] and line.logs[1] is None
    assert line.points[1].reason == "offline: phone-000000: device offline"
    memory = only(history, dataclasses.replace(STEADY, metrics=["peak_rss"], phases=[]))
    assert [p.value is None for p in memory.points] == [False, True, True], "the fourth was not to measure it"
    assert memory.points[2].status == "ok"
    assert memory.points[2].reason == "every run of pass resources is failed (offline)"
    others = history.lines(Wanted(variants=["int8"], metrics=["latency"], phases=["steady"]))
    assert all(p.value is not None for p in others[0].points)


def test_a_variant_that_never_ran_is_a_line_of_gaps(tmp_path: Path, history: History) -> None:
    failed = Failure(kind="unsupported-op", cause="no kernel for Foo")
    kept(tmp_path, night(1, failures={("phone-000000", "fp32"): failed}))
    history.refresh([tmp_path])
    (line,) = history.lines(Wanted(variants=["fp32"], metrics=["latency"]))
    assert (line.key.phase, line.points[0].value) == ("steady", None)
    assert line.points[0].reason == "unsupported-op: no kernel for Foo"


def test_what_must_not_be_mixed_is_another_line_and_a_new_build_is_not(
    tmp_path: Path, history: History
) -> None:
    """Threads make a line; build, runner and engine make segments, each with its reason."""
    two = backend(threads=2)
    for number in range(1, 9):
        run = night(number, backends=(backend(), two))
        if number >= 3:
            run = changed(run, fingerprint="maker/product/device:9/DEF/456:user/release-keys")
        if number >= 5:
            run = changed(run, engine="2.4.0")
        if number >= 7:
            run = changed(run, runner="12" * 32)
        kept(tmp_path, run)
    history.refresh([tmp_path])
    lines = history.lines(STEADY)
    assert sorted(line.key.threads for line in lines) == [2, 4]
    for line in lines:
        assert [(s.first, s.end, s.reason) for s in line.segments] == [
            (0, 2, ""),
            (2, 4, "new build of the phone (9/DEF/456)"),
            (4, 6, "new engine (2.3.0 → 2.4.0)"),
            (6, 8, "new runner (121212121212)"),
        ]
        assert line.segments[3].origin.fingerprint.startswith("maker/product/device:9")


def test_rows_that_a_run_tells_apart_stay_apart(tmp_path: Path, history: History) -> None:
    """Two versions of one engine, measured side by side every night, are two lines without a segment."""
    old, new = backend(), backend(engine_version="2.4.0", engine_sha256="ff" * 32)
    for number in (1, 2):
        kept(tmp_path, night(number, backends=(old, new)))
    history.refresh([tmp_path])
    lines = history.lines(STEADY)
    assert sorted(line.key.apart for line in lines) == ["version 2.3.0", "version 2.4.0"]
    assert all(len(line.segments) == 1 and len(line.points) == 2 for line in lines)
    assert all(p.control_value is not None for line in lines for p in line.points)
