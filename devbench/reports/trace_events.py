"""The Trace Event Format's few kinds of events that a run needs: spans, instants, counters and names of tracks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from devbench.domain.codec import Json

THREADS = ("session", "jobs", "waits", "pushes", "connection")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEvent:
    """`at_us` counts from 1970; `kind` is the format's letter: X span, i instant, C counter."""

    at_us: float
    kind: str
    name: str
    pid: int
    tid: int
    more: dict[str, Json]

    def to_json(self, start_us: float) -> dict[str, Json]:
        at = round(self.at_us - start_us, 3)
        return {"name": self.name, "ph": self.kind, "ts": at, "pid": self.pid, "tid": self.tid, **self.more}


@dataclass(slots=True, kw_only=True)
class Track:
    """One phone's events; every text goes through `scrub`."""

    pid: int
    scrub: Callable[[str], str]
    events: list[TraceEvent] = field(default_factory=list)

    def span(
        self, thread: str, name: str, begin_us: float, end_us: float, args: Mapping[str, Json],
        colour: str | None = None,
    ) -> None:  # fmt: skip
        """A stretch of time; of spans on one thread, one lies within the other or after it."""
        more: dict[str, Json] = {
            "dur": round(max(0.0, end_us - begin_us), 3),
            "args": self._clean(dict(args)),
        }
        if colour is not None:
            more["cname"] = colour
        self._add("X", thread, name, begin_us, more)

    def instant(self, thread: str, name: str, at_us: float) -> None:
        self._add("i", thread, name, at_us, {"s": "t"})

    def counter(self, name: str, at_us: float, values: Mapping[str, float]) -> None:
        """A line a name in `values`; nothing where there is none, as a gap is no zero."""
        for key, value in values.items():
            self._add("C", "session", f"{name} {key}", at_us, {"args": {"value": value}})

    def _add(self, kind: str, thread: str, name: str, at_us: float, more: dict[str, Json]) -> None:
        tid = THREADS.index(thread) + 1
        event = TraceEvent(at_us=at_us, kind=kind, name=self.scrub(name), pid=self.pid, tid=tid, more=more)
        self.events.append(event)

    def _clean(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        if isinstance(value, dict):
            return {key: self._clean(item) for key, item in value.items()}
        return value


def tracks_named(pid: int, title: str) -> list[Json]:
    """The names that a viewer shows for a phone and its threads, in the order of THREADS."""
    named: list[Json] = [_meta("process_name", pid, 0, {"name": title})]
    for tid, thread in enumerate(THREADS, start=1):
        named.append(_meta("thread_name", pid, tid, {"name": thread}))
        named.append(_meta("thread_sort_index", pid, tid, {"sort_index": tid}))
    return named


def moment_us(text: str | None) -> float | None:
    """An ISO 8601 moment in microseconds since 1970; None for what is none, or has no time zone."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.timestamp() * 1e6 if moment is not None and moment.tzinfo is not None else None


def _meta(name: str, pid: int, tid: int, args: dict[str, Json]) -> dict[str, Json]:
    return {"name": name, "ph": "M", "pid": pid, "tid": tid, "args": args}
