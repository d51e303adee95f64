"""Why processes ended: logcat and kernel logs, tombstones, drop box entries, messages of shell and linker."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.errors import ParseError
from devbench.parse.exit_event import Events, ExitEvent
from devbench.parse.exit_info import ExitInfoReader
from devbench.parse.exit_lines import exit_in_line
from devbench.parse.java_crash import JavaReader
from devbench.parse.logcat import KERNEL_PREFIX, log_lines
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean
from devbench.parse.tombstone import TombstoneReader

_DUMP = re.compile(r"^----- pid [0-9]{1,10} at |^\"[^\"\n]{1,100}\" sysTid=", re.MULTILINE)
_TOMBSTONE = re.compile(r"(?:\*\*\* ){8}")
_KERNEL = re.compile(rf"^{KERNEL_PREFIX}", re.MULTILINE)
_DROPBOX = re.compile(r"^Drop box contents|^[0-9-]{10} [0-9:]{8} [a-z_]{1,40}(?:crash|anr)\b", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """All ends of processes in a text, in order; the fields of the only one also here, else None."""

    source: str
    events: tuple[ExitEvent, ...]
    failure_kind: str | None
    pid: int | None
    process: str | None
    signal: int | None
    library: str | None
    frames: tuple[str, ...] | None
    warnings: tuple[str, ...] = ()


def parse_exit(text: str | bytes) -> Exits:
    """Ends of processes; none in a log is a result too, but a text that is neither log nor message is refused."""
    text = clean(text)
    notes = Notes()
    events = Events()
    tombstone, java = TombstoneReader(events), JavaReader(events)
    exit_info = ExitInfoReader(events)
    logged = 0
    for number, (raw, line) in enumerate(log_lines(text)):
        events.line = number
        logged += line.pid is not None or line.tag is not None
        if tombstone.feed(line) or java.feed(line) or exit_info.feed(raw):
            continue
        found = exit_in_line(line)
        if found:
            events.add(*found)
    tombstone.done()
    java.done()
    ended = events.done()
    source = _source(text, "tombstone" if tombstone.bare else "logcat" if logged else None)
    if not ended:
        if source == "message":
            raise _refusal(text)
        notes.warn("no line tells of a process that ended")
    if events.only_died():
        notes.warn(
            f"{events.only_died()} of {len(ended)} only said to have died: 'killed', as no crash is told of"
        )
    only = ended[0] if len(ended) == 1 else None
    return Exits(
        source=source,
        events=ended,
        failure_kind=only.failure_kind if only else None,
        pid=only.pid if only else None,
        process=only.process if only else None,
        signal=only.signal if only else None,
        library=only.library if only else None,
        frames=only.frames if only else None,
        warnings=notes.done(),
    )


def _source(text: str, seen: str | None) -> str:
    """The format of the text; a drop box and exit-info hold what else would be a log or a tombstone."""
    if "ApplicationExitInfo #" in text:
        return "exit-info"
    if _DROPBOX.search(text):
        return "dropbox"
    if seen is not None:
        return seen
    if _TOMBSTONE.search(text):
        return "tombstone"
    return "kernel log" if _KERNEL.search(text) else "message"


def _refusal(text: str) -> ParseError:
    if _DUMP.search(text):
        return ParseError("exit: a dump of the threads of a living process, no crash", reason="no-exit")
    error = refuse("exit", text)
    if error.reason == "not-understood":
        return ParseError(error.message, reason="no-exit")
    return error
