"""The trace of a run: every attempt at its place, phases inside, waits and pushes from the journal, counters."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from made_runs import LOW_BATTERY, make_run
from made_sessions import THROTTLED, session

from devbench.domain.device import DeviceState
from devbench.domain.event import CameBack, Event, JobEnded, JobStarted, Pushed, Said, Waiting
from devbench.domain.journal import JournalEntry
from devbench.domain.measurement import Mark, Measurement, Series
from devbench.domain.run import Run
from devbench.reports import build_report
from devbench.reports.chrome_trace import chrome_trace
from devbench.session.journal import journalled
from devbench.store import read_journal

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DEVICE = "phone-000000"
MS_NS = 1_000_000


def at(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def state(seconds: float, **changes: object) -> DeviceState:
    known = {"temperatures_c": {"cpu": 40.0}, "cpu_khz": {"0": 1_900_000}, "battery_level_pct": 80.0}
    return DeviceState(taken_at=at(seconds), **(known | changes))  # type: ignore[arg-type]


def placed(m: Measurement, seconds: float, **changes: object) -> Measurement:
    """`m` as if begun then: load 30 ms, first 10 ms, warm-up of which two samples were kept, steady 3 × 20 ms."""
    zero = 777_000 * MS_NS
    series = (
        Series(phase="load", values_ns=(30 * MS_NS,), start_ns=zero),
        Series(phase="first", values_ns=(10 * MS_NS,), start_ns=zero + 40 * MS_NS),
        Series(phase="warmup", values_ns=(9 * MS_NS, 9 * MS_NS), start_ns=zero + 60 * MS_NS),
        Series(phase="steady", values_ns=(20 * MS_NS,) * 3, start_ns=zero + 1060 * MS_NS),
    )
    marks = (Mark(t_ns=zero + 1080 * MS_NS, cpu_khz={"0": 900_000}, temperatures_c={"cpu": 55.0}),)
    return dataclasses.replace(
        m, started_at=at(seconds), series=series, marks=marks, state_before=state(seconds),
        state_after=state(seconds + 1.5, temperatures_c={"cpu": 50.0}), **changes,
    )  # fmt: skip


@pytest.fixture
def run() -> Run:
    """Two attempts of one job, the first discarded as throttled, begun at 10 and 20 s."""
    made = make_run(rounds=1, control=False, resources=False)
    one = made.measurements[0]
    attempts = (
        placed(one, 10.0, status="discarded", failure=THROTTLED),
        placed(one, 20.0, attempt=2),
    )
    whole = session(started_at=at(0), ended_at=at(30), taints=(LOW_BATTERY,))
    return dataclasses.replace(made, measurements=attempts, sessions=(whole,))


def events_of(run: Run, journal: tuple[JournalEntry, ...] = ()) -> list[dict[str, Any]]:
    return list(chrome_trace(build_report(run), journal)["traceEvents"])  # type: ignore[arg-type]


def spans(events: list[dict[str, Any]], thread: str) -> list[tuple[str, float, float]]:
    """(name, begin, length) in ms of the spans of a thread."""
    tid = next(e["tid"] for e in events if e["name"] == "thread_name" and e["args"]["name"] == thread)
    return [(e["name"], e["ts"] / 1e3, e["dur"] / 1e3) for e in events if e["ph"] == "X" and e["tid"] == tid]


def test_jobs_stand_at_the_hosts_time_and_phases_at_the_phones(run: Run) -> None:
    """A warm-up, of which only the first samples are kept, reaches to steady; a discarded attempt is marked."""
    variant = run.measurements[0].variant
    found = spans(events_of(run), "jobs")
    assert found[:5] == [
        (f"discarded: {variant} · latency 1", 10_000, 1500), ("load", 10_000, 30), ("first", 10_040, 10),
        ("warmup", 10_060, 1000), ("steady", 11_060, 60),
    ]  # fmt: skip
    assert found[5] == (f"{variant} · latency 1", 20_000, 1500)
    assert spans(events_of(run), "session") == [("session: finished", 0, 30_000)]


def test_spans_of_a_thread_lie_within_each_other_or_apart(run: Run) -> None:
    """Else a viewer draws nonsense."""
    found = spans(events_of(run), "jobs")
    ends = [(begin, begin + length) for _, begin, length in found]
    crossing = [(a, b) for a in ends for b in ends if a[0] < b[0] < a[1] < b[1]]
    assert len(ends) == 10 and not crossing


def test_temperature_and_clocks_are_counters(run: Run) -> None:
    """From before, between and after the inferences; nothing where nothing was read."""
    counters = [(e["name"], e["ts"] / 1e3, e["args"]["value"]) for e in events_of(run) if e["ph"] == "C"]
    heat = [(ms, value) for name, ms, value in counters if name == "temperature (°C) cpu"]
    assert heat[:3] == [(10_000, 40.0), (11_080, 55.0), (11_500, 50.0)]
    assert ("clock (MHz) cpu0", 11_080, 900.0) in counters and ("battery (%) level", 10_000, 80.0) in counters
    bare = dataclasses.replace(
        run, measurements=tuple(
            dataclasses.replace(m, state_before=None, state_after=None, marks=()) for m in run.measurements
        )
    )  # fmt: skip
    assert not [e for e in events_of(bare) if e["ph"] == "C"]


def test_the_journal_of_a_session_shows_waits_pushes_and_absences(run: Run, tmp_path: Path) -> None:
    """Written event by event as a session tells them, read back as they came."""
    heard: list[Event] = []
    emit = journalled(tmp_path, heard.append)
    job = run.header.jobs[0]
    events: list[Event] = [
        Pushed(device=DEVICE, what="model.tflite", size_bytes=9, seconds=0.5),
        Waiting(device=DEVICE, reason="rest", seconds=5.0),
        JobStarted(job=job),
        CameBack(device=DEVICE, was="offline", seconds=2.0),
        JobEnded(job=job, measurement=run.measurements[1]),
        Said(device=DEVICE, text="hello"),
    ]
    for event in events:
        emit(event)
    assert heard == events
    entries = read_journal(tmp_path)
    assert [e.happening for e in entries] == ["pushed", "waits", "job", "back", "job-ended", "said"]
    seconds = (1.0, 4.0, 7.0, 25.0, 29.0, 29.5)
    placed_at = tuple(dataclasses.replace(e, at=at(s)) for e, s in zip(entries, seconds, strict=True))
    shown = events_of(run, placed_at)
    assert spans(shown, "pushes") == [("model.tflite", 500, 500)]
    assert spans(shown, "waits") == [("rest", 4000, 3000)]  # it ended early, when the job began
    assert spans(shown, "connection") == [("away: offline", 23_000, 2000)]
    assert spans(shown, "jobs")[5][1:] == (20_000, 9000)  # as long as the host saw it
    assert [e["name"] for e in shown if e["ph"] == "i"] == ["hello"]


def test_every_event_keeps_the_rules_of_the_trace_event_format(run: Run) -> None:
    """Those that viewers hold to: what each kind of event must have, names of metadata, numbers in counters."""
    journal = (
        JournalEntry(at=at(1), device=DEVICE, happening="pushed", text="m", size_bytes=9, seconds=0.5),
        JournalEntry(at=at(4), device=DEVICE, happening="said", text="hello"),
    )
    events = events_of(run, journal)
    assert {e["ph"] for e in events} == {"X", "C", "M", "i"}, "spans are complete, so none can be left open"
    for event in events:
        assert isinstance(event["name"], str) and event["name"]
        assert all(type(event[key]) is int for key in ("pid", "tid"))
        assert event["ph"] == "M" or event["ts"] >= 0
        assert event["ph"] != "X" or event["dur"] >= 0
        assert event["ph"] != "i" or event["s"] in ("g", "p", "t")
        if event["ph"] == "C":
            assert event["args"] and all(type(value) in (int, float) for value in event["args"].values())
    meta = [e for e in events if e["ph"] == "M"]
    assert {e["name"] for e in meta} <= {
        "process_name", "process_labels", "process_sort_index", "thread_name", "thread_sort_index"
    }  # fmt: skip
    assert all("sort_index" in e["args"] if e["name"].endswith("index") else e["args"] for e in meta)
    named = {(e["pid"], e["tid"]) for e in meta if e["name"] == "thread_name"}
    assert {(e["pid"], e["tid"]) for e in events if e["ph"] in "Xi"} <= named, "each thread has a name"
    assert {e["pid"] for e in events} == {e["pid"] for e in meta if e["name"] == "process_name"}


def test_the_trace_says_whose_clock_is_whose(run: Run) -> None:
    """In its metadata, and is the JSON that viewers open: events in order of time, none before the start."""
    data = chrome_trace(build_report(run), ())
    assert "CLOCK_MONOTONIC" in str(data["metadata"]["clocks"]) and data["displayTimeUnit"] == "ms"
    timed = [e["ts"] for e in data["traceEvents"] if e["ph"] != "M"]
    assert timed == sorted(timed) and timed[0] == 0
    assert data["metadata"]["start"] == at(0)
    json.dumps(data, allow_nan=False)


def test_a_run_without_moments_is_an_empty_trace(run: Run) -> None:
    nowhere = dataclasses.replace(run.measurements[0], started_at="", state_before=None, state_after=None)
    empty = dataclasses.replace(run, measurements=(nowhere,), sessions=())
    assert [e for e in events_of(empty) if e["ph"] != "M"] == []
