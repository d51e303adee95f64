"""A run on disk: header first and whole, a line an attempt, and nothing lost by whatever ends the process."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
from made_runs import make_run

from devbench import store
from devbench.domain.measurement import Failure, Measurement
from devbench.errors import StoreError

RUN = make_run()


@pytest.fixture
def folder(tmp_path: Path) -> store.RunFolder:
    made = store.create(tmp_path, "20260131-142501-ab12")
    made.write_header(RUN.header)
    return made


def attempts(count: int) -> list[Measurement]:
    return list(RUN.measurements[:count])


def test_a_run_is_read_back_as_it_was_written(folder: store.RunFolder) -> None:
    written = attempts(3)
    for one in written:
        folder.append(one)
    run = folder.read()
    assert (run.header, list(run.measurements), run.warnings) == (RUN.header, written, ())


def test_a_run_without_an_attempt_is_a_run(folder: store.RunFolder) -> None:
    assert folder.read().measurements == ()


def test_the_header_is_whole_or_the_old_one(folder: store.RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the middle of writing leaves what was there."""

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        folder.write_header(dataclasses.replace(RUN.header, seed=99))
    monkeypatch.undo()
    assert folder.read().header == RUN.header


def test_an_attempt_is_on_the_disk_when_append_returns(
    folder: store.RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []
    real = os.fsync

    def note(fd: int) -> None:
        synced.append((Path(f"/proc/self/fd/{fd}").readlink().name, os.fstat(fd).st_size))
        real(fd)

    monkeypatch.setattr(os, "fsync", note)
    folder.append(attempts(1)[0])
    size = (folder.path / "records.jsonl").stat().st_size
    assert synced[0] == ("records.jsonl", size)
    assert folder.path.name in [name for name, _ in synced], "the new file's name must survive too"


def test_a_full_disk_is_an_error_with_the_path(
    folder: store.RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match=r"records\.jsonl cannot be written: No space left"):
        folder.append(attempts(1)[0])


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_cut_last_line_is_tolerated_and_told(folder: store.RunFolder, cut: int) -> None:
    """What a power cut leaves. The next attempt does not grow into it."""
    first, second, third = attempts(3)
    folder.append(first)
    folder.append(second)
    records = folder.path / "records.jsonl"
    os.truncate(records, records.stat().st_size - cut)
    run = folder.read()
    if cut > 1:
        assert list(run.measurements) == [first]
        assert "line 2 is cut off" in run.warnings[0]
    folder.append(third)
    kept = [first, third] if cut > 1 else [first, second, third]
    assert list(folder.read().measurements) == kept


def test_zeros_from_a_crashed_file_system_are_a_cut_line(folder: store.RunFolder) -> None:
    (one,) = attempts(1)
    folder.append(one)
    with open(folder.path / "records.jsonl", "ab") as file:
        file.write(bytes(100))
    run = folder.read()
    assert (list(run.measurements), len(run.warnings)) == ([one], 1)


def test_a_newer_run_is_refused_by_name(folder: store.RunFolder) -> None:
    path = folder.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    with pytest.raises(StoreError, match="newer devbench \\(schema 99, this one reads up to 1\\)") as caught:
        folder.read()
    assert "install a newer devbench" in (caught.value.fix or "")


def test_a_newer_record_is_refused_by_line(folder: store.RunFolder) -> None:
    folder.append(dataclasses.replace(attempts(1)[0], schema=7))
    with pytest.raises(StoreError, match=r"records\.jsonl line 1 was written by a newer"):
        folder.read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is damaged"), (b"{", "is damaged"), (b"\xff\xfe\x00", "is damaged"), (b"[]", "no schema number"),
        (b"{}", "no schema number"), (b'{"schema": 1}', "'run_id' is missing"),
        (b'{"schema": 1, "colour": 1}', "unknown key 'colour'"),
    ],
)  # fmt: skip
def test_a_corrupt_header_is_named(folder: store.RunFolder, content: bytes, message: str) -> None:
    (folder.path / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match=message):
        folder.read()


def test_latest_is_the_newest_run_with_a_header(tmp_path: Path) -> None:
    for name in ("20260131-142501-ab12", "20260201-000000-0000", "20251231-235959-ffff"):
        store.create(tmp_path, name).write_header(RUN.header)
    store.create(tmp_path, "20260301-000000-0000")  # killed before its header
    assert store.find(tmp_path, "latest").run_id == "20260201-000000-0000"
    assert store.find(tmp_path, "20251231-235959-ffff").path == tmp_path / "20251231-235959-ffff"
    assert (
        store.find(Path("elsewhere"), str(tmp_path / "20251231-235959-ffff")).run_id == "20251231-235959-ffff"
    )


def test_no_run_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no run in"):
        store.find(tmp_path, "latest")
    with pytest.raises(StoreError, match="is not a run folder"):
        store.find(tmp_path, "nowhere")


def test_run_ids_sort_by_time() -> None:
    assert store.new_run_id(datetime(2026, 1, 31, 14, 25, 1), "ab12") == "20260131-142501-ab12"


def test_a_folder_that_cannot_be_written_is_found_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        store.check_writable(tmp_path / "file" / "results")
    assert "--out" in (caught.value.fix or "")


def test_the_check_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    store.check_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_workers_may_append_at_the_same_time(folder: store.RunFolder) -> None:
    written = attempts(12)
    threads = [threading.Thread(target=folder.append, args=(one,)) for one in written]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    key: Any = lambda m: (m.job_id, m.attempt)  # noqa: E731
    assert sorted(folder.read().measurements, key=key) == sorted(written, key=key)


def test_attempts_of_a_job_share_a_log_file(folder: store.RunFolder) -> None:
    folder.write_log("j1", 1, "first")
    folder.write_log("j1", 2, "second \ud800 \x00")
    text = (folder.path / "logs" / "j1.txt").read_text()
    assert text.startswith("# attempt 1\nfirst\n# attempt 2\nsecond")


def test_a_path_that_is_not_unicode_survives(folder: store.RunFolder) -> None:
    """File names are bytes; Python shows odd ones as surrogates, which UTF-8 refuses."""
    odd = dataclasses.replace(RUN.header, argv=("devbench", "run", "mod\udcffel.tflite"))
    folder.write_header(odd)
    assert folder.read().header == odd


def test_killed_while_appending_leaves_whole_lines(tmp_path: Path) -> None:
    """kill -9 at any moment: every line but the last is whole."""
    code = (
        f"import sys; sys.path[:0] = {[str(Path(__file__).parents[1] / 'reports')]!r}\n"
        "from pathlib import Path; from devbench import store; from made_runs import make_run\nrun = make_run()\n"
        f"folder = store.create(Path({str(tmp_path)!r}), 'r'); folder.write_header(run.header)\n"
        "print('go', flush=True)\n"
        "while True: folder.append(run.measurements[0])"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
        records = tmp_path / "r" / "records.jsonl"
        while not records.exists() or records.stat().st_size < 50_000:
            assert process.poll() is None
        process.kill()
        process.wait()
    run = store.RunFolder(tmp_path / "r").read()
    assert len(run.measurements) > 5
    assert len(run.warnings) <= 1


def test_rounds_are_added_without_reading_what_was_written(
    folder: store.RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header of many phones is long, and each phone adds rounds: only a header that others wrote is read."""
    read: list[Path] = []
    real = store.read_header
    monkeypatch.setattr(store, "read_header", lambda path: read.append(path) or real(path))
    first, second = (dataclasses.replace(RUN.header.jobs[0], job_id=16 * digit) for digit in "ab")
    folder.add_jobs([first])
    folder.add_jobs([second])
    assert read == []
    assert folder.read().header == dataclasses.replace(RUN.header, jobs=(*RUN.header.jobs, first, second))
    other = store.RunFolder(folder.path)
    third = dataclasses.replace(first, job_id=16 * "c")
    other.add_jobs([third])
    folder.add_jobs([dataclasses.replace(first, job_id=16 * "d")])
    assert [job.job_id[0] for job in folder.read().header.jobs[-4:]] == ["a", "b", "c", "d"]


def test_discarding_keeps_every_other_line_as_it_is(folder: store.RunFolder) -> None:
    one, two, three = attempts(3)
    for measurement in (one, two, three):
        folder.append(measurement)
    before = (folder.path / "records.jsonl").read_bytes().splitlines()
    why = Failure(kind="throttled", cause="round 1: hot")
    folder.discard({(two.job_id, two.attempt)}, why)
    after = (folder.path / "records.jsonl").read_bytes().splitlines()
    assert (after[0], after[2]) == (before[0], before[2])
    assert folder.read().measurements[1] == dataclasses.replace(two, status="discarded", failure=why)


def test_two_processes_never_work_on_one_run(folder: store.RunFolder) -> None:
    """Rounds are added and discarded by rewriting a file: the other's lines would be lost."""
    with folder.held():
        with pytest.raises(StoreError, match="worked on by another devbench"), store.RunFolder(folder.path).held():
            pass
        with pytest.raises(ZeroDivisionError), store.RunFolder(folder.path.parent).held():
            _ = 1 // 0
    with store.RunFolder(folder.path).held():
        folder.append(attempts(1)[0])
