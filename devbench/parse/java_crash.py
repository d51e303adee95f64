"""An app's end in several lines: an uncaught exception, an ANR, or an entry of the drop box that heads either."""

from __future__ import annotations

import re

from devbench.parse.exit_event import CRASHED, MAX_FRAMES, Events, ExitEvent
from devbench.parse.logcat import LogLine

_FATAL = re.compile(r"(?:\*\*\* )?FATAL EXCEPTION(?: IN SYSTEM PROCESS)?: ")
_ANR = re.compile(r"ANR in ([A-Za-z0-9_.:$-]{1,200})")
_DROPBOX = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} [a-z_]{1,40}?(_native_crash|_crash|_anr)\b")
_PROCESS = re.compile(r"Process: ([A-Za-z0-9_.:$-]{1,200})(?:, PID: ([0-9]{1,10}))?")
_PID = re.compile(r"PID: ([0-9]{1,10})")
_FRAME = re.compile(r"[ \t]{1,16}at (\S.{0,400})")
_EXCEPTION = re.compile(r"(?:Caused by: )?[A-Za-z_$][A-Za-z0-9_.$]{1,200}(?:Exception|Error|Throwable)\b")
_LIBRARY = re.compile(r"library \"([^\"]{1,200})\"")
# A heading's own lines come at once; more lines without one of them mean that the block is over.
_PATIENCE = 12


class JavaReader:
    """Fed line by line; adds an event for each heading once its lines are over."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._kind: str | None = None
        self._writer: int | None = None
        self._pid: int | None = None
        self._process: str | None = None
        self._library: str | None = None
        self._frames: list[str] = []
        self._patience = 0
        self._first = 0

    def feed(self, line: LogLine) -> bool:
        """Take `line` if it belongs to such an end; whether it did."""
        message = line.message
        if _FATAL.match(message):
            self._begin("crash", line.pid, line.pid, None)
            return True
        if anr := _ANR.match(message):
            self._begin("timeout", line.pid, None, anr[1])
            return True
        if entry := _DROPBOX.match(message):
            self._begin("timeout" if entry[1] == "_anr" else "crash", None, None, None)
            return True
        if self._kind is None or line.pid != self._writer:
            return False
        return self._inside(message)

    def _inside(self, message: str) -> bool:
        if process := _PROCESS.match(message):
            self._process = self._process or process[1]
            self._pid = int(process[2]) if process[2] else self._pid
        elif pid := _PID.match(message):
            self._pid = int(pid[1])
        elif frame := _FRAME.match(message):
            if len(self._frames) < MAX_FRAMES and self._kind != "timeout":
                self._frames.append(f"at {frame[1].strip()}")
        elif exception := _EXCEPTION.match(message):
            self._cause(exception[0], message)
        else:
            self._patience -= 1
            if self._patience <= 0:
                self.done()
            return False
        self._patience = _PATIENCE
        return True

    def _cause(self, name: str, message: str) -> None:
        if name.endswith("OutOfMemoryError"):
            self._kind = "out-of-memory"
        elif name.endswith("UnsatisfiedLinkError") and self._kind == "crash":
            self._kind = "link"
            library = _LIBRARY.search(message[:2000])
            self._library = library[1].rsplit("/", 1)[-1] if library else None

    def _begin(self, kind: str, writer: int | None, pid: int | None, process: str | None) -> None:
        self.done()
        self._kind, self._writer, self._pid, self._process = kind, writer, pid, process
        self._first = self._events.line
        self._patience = _PATIENCE

    def done(self) -> None:
        """The text is over, or another heading begins: hand over what was gathered."""
        if self._kind is not None:
            event = ExitEvent(
                failure_kind=self._kind,
                pid=self._pid,
                process=self._process,
                library=self._library,
                frames=tuple(self._frames),
            )
            self._events.add(event, CRASHED, self._first)
        self._kind, self._pid, self._process, self._library, self._frames = None, None, None, None, []
