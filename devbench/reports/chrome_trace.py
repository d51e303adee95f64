"""trace.json: what each phone did when, in the Trace Event Format that ui.perfetto.dev and chrome://tracing open.

A process is a phone. Its threads: `session`, `jobs` (each attempt, its phases inside), `waits`, `pushes` and
`connection`; counters are temperatures, clocks and the battery. Two clocks meet here: the host's tells when a job
began, the phone's own how its phases lie to each other. A job's first sample is set at the job's start by the host,
so phases may be some tens of milliseconds early, but never wrong in length.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from devbench.domain.codec import Json
from devbench.domain.device import DeviceState
from devbench.domain.job import Job
from devbench.domain.journal import JournalEntry
from devbench.domain.measurement import Measurement
from devbench.domain.phone_session import PhoneSession
from devbench.domain.run import Run
from devbench.reports.base import Format, Report
from devbench.reports.trace_events import Track, moment_us, tracks_named
from devbench.store import read_journal

_CLOCKS = (
    "ts is in microseconds since `start`. Where jobs, waits and pushes stand is this host's clock; phases inside a "
    "job and marks are CLOCK_MONOTONIC of the phone, and the first of them is set at the job's start by the host "
    "(some tens of milliseconds early). Single inferences are in samples.csv."
)
_COLOURS = {"failed": "terrible", "discarded": "bad", "skipped": "grey"}


def write_chrome_trace(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "trace.json"
    journal = read_journal(Path(report.run.folder))
    text = json.dumps(
        chrome_trace(report, journal), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )
    path.write_text(text + "\n", encoding="utf-8")
    return (path,)


def chrome_trace(report: Report, journal: tuple[JournalEntry, ...]) -> dict[str, Json]:
    """The JSON Object Format: `traceEvents` in order of time, and `metadata` on how to read them."""
    run = report.run
    tracks = {
        info.device: Track(pid=pid, scrub=report.scrub)
        for pid, info in enumerate(run.header.devices, start=1)
    }
    for info in run.header.devices:
        track = tracks[info.device]
        own = [entry for entry in journal if entry.device == info.device]
        _add_sessions(track, (s for s in run.sessions if s.device == info.device))
        _add_journal(track, own)
        ends = {(e.job_id, e.attempt): e.at for e in own if e.happening == "job-ended"}
        jobs = {job.job_id: job for job in run.header.jobs}
        for m in run.measurements:
            if m.device == info.device:
                _add_attempt(track, m, jobs.get(m.job_id), moment_us(ends.get((m.job_id, m.attempt))))
    return _document(report, run, tracks)


def _document(report: Report, run: Run, tracks: dict[str, Track]) -> dict[str, Json]:
    events = sorted((e for track in tracks.values() for e in track.events), key=lambda e: e.at_us)
    start_us = events[0].at_us if events else moment_us(run.header.created_at) or 0.0
    named: list[Json] = []
    for info in run.header.devices:
        labels = f" [{', '.join(info.labels)}]" if info.labels else ""
        title = report.scrub(f"{info.device}: {info.model}{labels}")
        named += tracks_named(tracks[info.device].pid, title)
    return {
        "traceEvents": [*named, *(event.to_json(start_us) for event in events)],
        "displayTimeUnit": "ms",
        "metadata": {
            "run_id": run.header.run_id,
            "devbench_version": run.header.devbench_version,
            "start": run.header.created_at if not events else _iso(start_us),
            "clocks": _CLOCKS,
        },
    }


def _iso(at_us: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="milliseconds")


def _add_sessions(track: Track, sessions: Iterable[PhoneSession]) -> None:
    for s in sessions:
        told: dict[str, Json] = {
            "outcome": s.outcome, "reason": s.reason, "conditions": [t.id for t in s.taints],
            "refused": list(s.refused), "clocks": s.clock_state, "changed": list(s.changed),
            "put_back": s.put_back, "waited_s": s.waited_s, "rested_s": s.rested_s,
            "rounds_added": s.rounds_added, "rounds_redone": s.rounds_redone,
        }  # fmt: skip
        begin, end = moment_us(s.started_at), moment_us(s.ended_at)
        if begin is not None and end is not None:
            track.span("session", f"session: {s.outcome}", begin, end, told)


def _add_journal(track: Track, entries: list[JournalEntry]) -> None:
    """A wait lasts until the phone's next line, a push and an absence ended with their line."""
    following = [later for _, later in pairwise([*entries, None])]
    for entry, later in zip(entries, following, strict=True):
        at = moment_us(entry.at)
        if at is None:
            continue
        length = (entry.seconds or 0.0) * 1e6
        if entry.happening == "waits":
            until = moment_us(later.at) if later else None
            reason = entry.text.partition(" (")[0]
            end = min(at + length, until) if until is not None else at + length
            track.span("waits", reason, at, end, {"why": entry.text})
        elif entry.happening == "pushed":
            track.span("pushes", entry.text, at - length, at, {"size_bytes": entry.size_bytes})
        elif entry.happening == "back":
            track.span("connection", f"away: {entry.text}", at - length, at, {})
        elif entry.happening in ("said", "jobs-added", "ended") and entry.text:
            track.instant("session", entry.text, at)


def _add_attempt(track: Track, m: Measurement, job: Job | None, ended_us: float | None) -> None:
    begin = moment_us(m.started_at)
    if begin is None:
        return
    if m.status == "skipped":
        cause = f": {m.failure.cause}" if m.failure else ""
        track.instant("jobs", f"skipped {m.variant}{cause}", begin)
        return
    zero_ns = min((s.start_ns for s in m.series if s.start_ns is not None), default=None)
    phases = list(_phases(m, begin, zero_ns)) if zero_ns is not None else []
    known = [end for _, _, end, _ in phases] + [moment_us(m.state_after.taken_at) if m.state_after else None]
    end = max((at for at in (*known, ended_us, begin) if at is not None), default=begin)
    marked = "" if m.status == "ok" else f"{m.status}: "
    track.span("jobs", f"{marked}{m.variant} · {m.pass_name} {m.round}", begin, end, _told(m, job),
               _COLOURS.get(m.status))  # fmt: skip
    for name, start, finish, told in phases:
        track.span("jobs", name, start, finish, told)
    for state in (m.state_before, m.state_after):
        _add_state(track, state)
    for mark in m.marks:
        if zero_ns is not None:
            at = begin + (mark.t_ns - zero_ns) / 1e3
            track.counter("temperature (°C)", at, mark.temperatures_c)
            track.counter("clock (MHz)", at, {f"cpu{c}": khz / 1000 for c, khz in mark.cpu_khz.items()})


def _told(m: Measurement, job: Job | None) -> dict[str, Json]:
    told: dict[str, Json] = {
        "job_id": m.job_id, "attempt": m.attempt, "status": m.status, "runner": m.runner, "round": m.round,
        "position": m.position, "taints": [t.id for t in m.taints],
    }  # fmt: skip
    if job is not None:
        told |= {
            "engine": job.backend.engine,
            "delegate": job.backend.delegate,
            "threads": job.backend.threads,
        }
    if m.failure is not None:
        told |= {"failure": m.failure.kind, "cause": m.failure.cause}
    return told


def _phases(
    m: Measurement, begin_us: float, zero_ns: int
) -> Iterator[tuple[str, float, float, dict[str, Json]]]:
    """(name, begin, end, arguments) of each phase; a warm-up, which keeps only its first samples, to the next."""
    starts: dict[str, int] = {}
    spent: dict[str, int] = defaultdict(int)
    counted: dict[str, int] = defaultdict(int)
    for series in m.series:
        if series.start_ns is not None:
            starts[series.phase] = min(series.start_ns, starts.get(series.phase, series.start_ns))
        spent[series.phase] += sum(series.values_ns)
        counted[series.phase] += len(series.values_ns)
    for phase, start_ns in starts.items():
        later = [other for other in starts.values() if other > start_ns]
        marked = [mark.t_ns for mark in m.marks] if phase == "steady" else []
        end_ns = min(later) if later and phase == "warmup" else max([start_ns + spent[phase], *marked])
        at = begin_us + (start_ns - zero_ns) / 1e3
        told: dict[str, Json] = {"samples": counted[phase], "phone_start_ns": start_ns}
        yield phase, at, begin_us + (end_ns - zero_ns) / 1e3, told


def _add_state(track: Track, state: DeviceState | None) -> None:
    at = moment_us(state.taken_at) if state else None
    if state is None or at is None:
        return
    heat = dict(state.temperatures_c)
    if state.battery_temperature_c is not None:
        heat["battery"] = state.battery_temperature_c
    track.counter("temperature (°C)", at, heat)
    track.counter("clock (MHz)", at, {f"cpu{c}": khz / 1000 for c, khz in state.cpu_khz.items()})
    if state.battery_level_pct is not None:
        track.counter("battery (%)", at, {"level": state.battery_level_pct})


FORMATS = (
    Format(name="chrome-trace", sentence="trace.json, what each phone did when, for ui.perfetto.dev",
           write=write_chrome_trace),
)  # fmt: skip
