"""Lines of the app out of Android's log: put together, each once, and a gap is known."""

from __future__ import annotations

import json
from pathlib import Path

from devbench.runners.framed_log import Frames
from devbench.runners.protocol import Transcript, parse_line

TESTDATA = Path(__file__).parents[2] / "android-runner" / "testdata"
NONCE = "0123456789abcdef-1"


def framed(lines: list[str], size: int = 40) -> list[bytes]:
    """As mirror.c frames them, in small pieces."""
    entries = []
    for number, line in enumerate(lines):
        pieces = [line[at : at + size] for at in range(0, len(line), size)]
        entries += [f"{NONCE} {number} {i}/{len(pieces)} {piece}" for i, piece in enumerate(pieces, 1)]
    return [entry.encode() for entry in entries]


def read(entries: list[bytes], frames: Frames | None = None) -> list[str]:
    frames = frames or Frames(NONCE)
    return [line.decode() for entry in entries if (line := frames.take(entry)) is not None]


def lines_of(name: str) -> list[str]:
    return (TESTDATA / name).read_text("utf-8").splitlines()


def test_a_whole_job_comes_back_as_it_was() -> None:
    lines = lines_of("run_detached.jsonl")
    assert read(framed(lines)) == lines


def test_entries_of_others_and_of_other_jobs_are_not_ours() -> None:
    lines = lines_of("run_detached.jsonl")
    noise = [b"", b"Some app says 1 1/1 hello", framed(lines)[0].replace(NONCE.encode(), b"fedcba9876543210-1")]
    mixed = [entry for real in framed(lines) for entry in (*noise, real)]
    assert read(mixed) == lines


def test_a_log_that_is_read_twice_gives_each_line_once() -> None:
    lines = lines_of("run_detached.jsonl")
    frames = Frames(NONCE)
    half = framed(lines)[:7]
    assert read(half, frames) + read(framed(lines), frames) == lines


def test_a_dropped_entry_costs_its_line_and_is_noticed() -> None:
    """The counts of `end` do not agree with what came: the transcript knows that it is torn."""
    lines = lines_of("run_detached.jsonl")
    steady = next(i for i, line in enumerate(lines) if '"phase":"steady","start_ns"' in line)
    entries = framed(lines)
    dropped = next(i for i, entry in enumerate(entries) if entry.startswith(f"{NONCE} {steady} 1/".encode()))
    kept = read(entries[:dropped] + entries[dropped + 1 :])
    assert kept == lines[:steady] + lines[steady + 1 :]
    transcript = Transcript()
    for line in kept:
        event, _ = parse_line(line.encode())
        assert event is not None
        transcript.keep(event)
    assert transcript.torn and transcript.failure("") is not None


def test_an_app_behind_a_locked_screen_is_a_failure_with_a_way_out() -> None:
    transcript = Transcript()
    for line in lines_of("app_not_shown.jsonl"):
        transcript.keep(json.loads(line))
    failure = transcript.failure("")
    assert failure is not None and failure.kind == "not-shown" and "unlock" in failure.fix
