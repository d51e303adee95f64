"""A native crash as debuggerd writes it, in a tombstone, the drop box or logcat, where other lines come between."""

from __future__ import annotations

import re

from devbench.parse.exit_event import DUMPED, MAX_FRAMES, Events, ExitEvent
from devbench.parse.logcat import LogLine

_HEAD = re.compile(
    r"[ \t]{0,8}pid: ([0-9]{1,10}), tid: [0-9]{1,10}(?:, name: [^\n]{0,64}?)?[ ]{1,4}>>> (.{0,256}?) <<<"
)
_SIGNAL = re.compile(r"[ \t]{0,8}signal ([0-9]{1,3}) \(([^)]{0,40})\)")
_ABORT = re.compile(r"[ \t]{0,8}Abort message: (.{0,400})")
_FRAME = re.compile(r"[ \t]{0,16}(#[0-9]{2,3})[ ]{1,4}pc ([0-9a-fA-F]{6,16})[ ]{1,4}(\S.{0,800})")
_OTHER_THREAD = re.compile(r"[ \t]{0,8}(?:--- ){4}")
_NO_MEMORY = re.compile(r"out of memory|bad_alloc|outofmemory", re.IGNORECASE)
# debuggerd's own signal asks for a dump; the process lives on.
_DUMP_SIGNALS = frozenset({"<debuggerd signal>", "SIGQUIT"})


class TombstoneReader:
    """Fed line by line; adds an event for each crash once its lines are over."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._writer: int | None = None
        self._head: tuple[int, str | None] | None = None
        self._signal: int | None = None
        self._abort = ""
        self._frames: list[str] = []
        self._closed = False
        self._first = 0
        self.bare = False  # whether a crash stood there without a logger's prefix

    def feed(self, line: LogLine) -> bool:
        """Take `line` if it belongs to a crash; whether it did."""
        message = line.message
        if head := _HEAD.match(message):
            self.bare |= line.tag is None and line.pid is None
            self._begin(int(head[1]), head[2].strip() or None, line.pid)
            return True
        if self._head is None or line.pid != self._writer:
            return False
        if _OTHER_THREAD.match(message):
            self._closed = True
        elif self._closed:
            return bool(_FRAME.match(message))
        elif signal := _SIGNAL.match(message):
            if signal[2] in _DUMP_SIGNALS:
                self._head = None
            elif self._signal is None:
                self._signal = int(signal[1])
        elif abort := _ABORT.match(message):
            self._abort = abort[1]
        elif frame := _FRAME.match(message):
            if frame[1] in ("#00", "#000") and self._frames:
                self._closed = True
            elif len(self._frames) < MAX_FRAMES:
                self._frames.append(f"{frame[1]} pc {frame[2]}  {frame[3].strip()}")
        else:
            return False
        return True

    def _begin(self, pid: int, process: str | None, writer: int | None) -> None:
        if self._head is not None and self._head[0] == pid:
            # Another thread of the same crash.
            self._closed = True
            return
        self.done()
        self._head, self._writer = (pid, process), writer
        self._first = self._events.line

    def done(self) -> None:
        """The text is over, or another crash begins: hand over what was gathered."""
        if self._head is not None:
            pid, process = self._head
            kind = "out-of-memory" if _NO_MEMORY.search(self._abort) else "crash"
            event = ExitEvent(
                failure_kind=kind,
                pid=pid,
                process=process,
                signal=self._signal,
                library=library_of(self._frames[0]) if self._frames else None,
                frames=tuple(self._frames),
            )
            self._events.add(event, DUMPED, self._first)
        self._head, self._signal, self._abort, self._frames, self._closed = None, None, "", [], False


def library_of(frame: str) -> str | None:
    """The file name of the library in a frame; inside an APK the library's own name, if the frame has it."""
    path = frame.split("  ", 1)[-1].split(" (", 1)[0].strip()
    name = path.rsplit("!", 1)[-1].rsplit("/", 1)[-1]
    return None if not name or name.startswith(("<", "[")) else name
