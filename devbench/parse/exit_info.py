"""`dumpsys activity exit-info` (Android 11+): the system's own record of why an app's processes ended."""

from __future__ import annotations

import re

from devbench.parse.exit_event import DUMPED, Events, ExitEvent

_PID = re.compile(r"\bpid=([0-9]{1,10})\b")
_REASON = re.compile(r"\bprocess=(\S{1,200}) reason=([0-9]{1,3})\b(?:.{0,120}?\bstatus=([0-9]{1,3})\b)?")
_SIGNALED = 2
# Reasons of android.app.ApplicationExitInfo; all from 8 on are the system's decision to end the process.
_KINDS = {3: "killed", 4: "crash", 5: "crash", 6: "timeout", **dict.fromkeys(range(8, 17), "killed")}
_OUTSIDE_SIGNALS = frozenset({1, 2, 9, 15})


class ExitInfoReader:
    """Fed line by line; an exit of its own accord is an event without a failure kind."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._pid: int | None = None
        self._inside = False

    def feed(self, text: str) -> bool:
        """Take a line of a record; whether it was one."""
        if "ApplicationExitInfo #" in text[:120]:
            self._inside, self._pid = True, None
            return True
        if not self._inside:
            return False
        pid, reason = _PID.search(text[:400]), _REASON.search(text[:600])
        if pid:
            self._pid = int(pid[1])
        if reason:
            self._add(reason[1], int(reason[2]), reason[3])
            self._inside = False
        return bool(pid or reason)

    def _add(self, process: str, reason: int, status: str | None) -> None:
        signal = int(status) if status and reason in (_SIGNALED, 5) and 0 < int(status) < 65 else None
        kind = _KINDS.get(reason)
        if reason == _SIGNALED and signal is not None:
            kind = "killed" if signal in _OUTSIDE_SIGNALS else "crash"
        self._events.add(ExitEvent(failure_kind=kind, pid=self._pid, process=process, signal=signal), DUMPED)
