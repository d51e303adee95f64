"""The prefix of a logcat line in any of its formats, because crashes and benchmark tools both print through it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# threadtime, with or without year, uid column (Android 8+) and zone; epoch time likewise.
_THREADTIME = re.compile(
    r"[ \t]{0,16}(?:(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}[ ]{1,4}[0-9]{2}:[0-9]{2}:[0-9]{2}|[0-9]{1,12})\.[0-9]{3,9}"
    r"(?: [+-][0-9]{4})?[ ]{1,8}(?:[a-z0-9_]{1,24}[ ]{1,8})??([0-9]{1,10})[ ]{1,8}([0-9]{1,10}) [VDIWEFAS] "
    r"([^\n]{0,120}?)[ ]{0,40}: ?"
)
_BRIEF = re.compile(
    r"[ \t]{0,16}(?:[0-9]{2}-[0-9]{2}[ ]{1,4}[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3,9}[ ]{1,8})?"
    r"[VDIWEFAS]/([^(:\n]{1,80}?)[ ]{0,40}(?:\([ ]{0,8}([0-9]{1,10})(?::0x[0-9a-f]{1,10})?\))?: ?"
)
_PROCESS = re.compile(r"[ \t]{0,16}[VDIWEFAS]\([ ]{0,8}([0-9]{1,10})\) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line: the process that wrote it and its tag, None where the line has no such prefix, and the message."""

    pid: int | None
    tag: str | None
    message: str


def log_line(line: str) -> LogLine:
    """`line` without its prefix; a line of no logcat format is all message."""
    if match := _THREADTIME.match(line):
        return LogLine(pid=int(match[1]), tag=match[3].strip(), message=line[match.end() :])
    if match := _BRIEF.match(line):
        pid = None if match[2] is None else int(match[2])
        return LogLine(pid=pid, tag=match[1].strip(), message=line[match.end() :])
    if match := _PROCESS.match(line):
        return LogLine(pid=int(match[1]), tag=None, message=line[match.end() :])
    return LogLine(pid=None, tag=None, message=line)
