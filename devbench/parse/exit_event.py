"""One process that ended, and how several lines about it become one event."""

from __future__ import annotations

from dataclasses import dataclass, replace

# How much a line knows of the cause: a bare "has died" yields to a kill, a kill to the crash before it, and the
# crash's one line to its dump.
DIED, KILLED, CRASHED, DUMPED = 1, 2, 3, 4
MAX_FRAMES = 128
_SIGABRT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitEvent:
    """What ended a process: a failure kind, who it was, the signal's number, the library on top of its frames."""

    failure_kind: str | None
    pid: int | None = None
    process: str | None = None
    signal: int | None = None
    library: str | None = None
    frames: tuple[str, ...] = ()


class Events:
    """Events in order of their first line; lines about one pid are one event."""

    def __init__(self) -> None:
        self._events: list[ExitEvent] = []
        self._weights: list[int] = []
        self._by_pid: dict[int, int] = {}
        self._firsts: list[int] = []
        self.line = 0  # where the text is being read

    def add(self, event: ExitEvent, weight: int, first: int | None = None) -> None:
        """`first` is the event's first line, if that is not the one being read."""
        place = None if event.pid is None else self._by_pid.get(event.pid)
        if place is None or self._pid_used_again(place, event, weight):
            if event.pid is not None:
                self._by_pid[event.pid] = len(self._events)
            elif event in self._events[-8:] or self._ends_the_last(event):
                return
            self._events.append(event)
            self._weights.append(weight)
            self._firsts.append(self.line if first is None else first)
            return
        held = self._events[place]
        better, other = (event, held) if weight > self._weights[place] else (held, event)
        self._events[place] = _merged(better, other)
        self._weights[place] = max(weight, self._weights[place])

    def _ends_the_last(self, event: ExitEvent) -> bool:
        """An abort after the word that memory ran out is the end that this led to."""
        last = self._events[-1] if self._events else None
        if last is None or last != ExitEvent(failure_kind="out-of-memory") or event.signal != _SIGABRT:
            return False
        self._events[-1] = replace(event, failure_kind=last.failure_kind)
        return True

    def _pid_used_again(self, place: int, event: ExitEvent, weight: int) -> bool:
        # Only Android's process names tell; the kernel and crashing threads cut or change theirs.
        held = self._events[place]
        named = held.process is not None and event.process is not None and held.process != event.process
        return named and max(weight, self._weights[place]) <= KILLED

    def done(self) -> tuple[ExitEvent, ...]:
        order = sorted(range(len(self._events)), key=self._firsts.__getitem__)
        return tuple(self._events[place] for place in order)

    def only_died(self) -> int:
        """How many events rest on nothing but the word that the process died."""
        return self._weights.count(DIED)


def _merged(first: ExitEvent, second: ExitEvent) -> ExitEvent:
    return replace(
        first,
        process=first.process or second.process,
        signal=second.signal if first.signal is None else first.signal,
        library=first.library or second.library,
        frames=first.frames or second.frames,
    )
