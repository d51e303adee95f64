"""The prefix of a logcat line in any of its formats, because crashes and benchmark tools both print through it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_DATE = r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}[ ]{1,4}[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3,9}(?: [+-][0-9]{4})?"
# threadtime, with or without year, uid column (Android 8+) and zone; epoch and monotonic time likewise.
_THREADTIME = re.compile(
    rf"[ \t]{{0,16}}(?:{_DATE}|[0-9]{{1,12}}\.[0-9]{{3,9}})"
    r"[ ]{1,8}(?:[a-z0-9_]{1,24}[ ]{1,8})??([0-9]{1,10})[ ]{1,8}([0-9]{1,10}) [VDIWEFAS] "
    r"([^\n]{0,120}?)[ ]{0,40}: ?"
)
_BRIEF = re.compile(
    rf"[ \t]{{0,16}}(?:{_DATE}[ ]{{1,8}})?"
    r"[VDIWEFAS]/([^(:\n]{1,80}?)[ ]{0,40}(?:\([ ]{0,8}([0-9]{1,10})(?::0x[0-9a-f]{1,10})?\))?: ?"
)
# process, and thread: the number behind the colon is the thread's.
_PROCESS = re.compile(
    r"[ \t]{0,16}[VDIWEFAS]\([ ]{0,8}([0-9]{1,10})(:[ ]{0,8}(?:0x[0-9a-f]{1,10}|[0-9]{1,10}))?\) "
)
_TAG_AT_END = re.compile(r"[ ]{2}\(([^()\n]{1,80}?)[ ]{0,40}\)[ ]{0,4}$")
_LONG = re.compile(
    rf"\[ {_DATE}[ ]{{1,8}}(?:[a-z0-9_]{{1,24}}:[ ]{{0,8}})??([0-9]{{1,10}}):"
    r"[ ]{0,8}(?:0x[0-9a-f]{1,10}|[0-9]{1,10}) [VDIWEFAS]/(.{0,80}?)[ ]{0,40}\][ ]{0,4}"
)
# What Android Studio copies: of old versions with the package behind the ids, of newer ones in columns.
_STUDIO = re.compile(
    rf"{_DATE}[ ]{{1,8}}([0-9]{{1,10}})-[0-9]{{1,10}}(?:/[^\s]{{1,200}} [VDIWEFAS]/([^:\n]{{1,80}}): ?"
    r"|[ ]{1,8}(\S[^\n]{0,80}?)[ ]{1,60}\S{1,200}[ ]{1,60}[VDIWEFAS][ ]{2})"
)
# A kernel log's own clock, in front of which consoles put the level.
KERNEL_PREFIX = r"(?:<[0-9]{1,3}>)?\[[ ]{0,8}[0-9]{1,8}\.[0-9]{1,6}\]"


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
    if match := _STUDIO.match(line):
        return LogLine(pid=int(match[1]), tag=(match[2] or match[3]).strip(), message=line[match.end() :])
    if match := _PROCESS.match(line):
        message, tag = line[match.end() :], None
        if match[2] is None and (end := _TAG_AT_END.search(message[-120:])):
            message, tag = message[: len(message) - len(end[0])], end[1]
        return LogLine(pid=int(match[1]), tag=tag, message=message)
    return LogLine(pid=None, tag=None, message=line)


def log_lines(text: str) -> Iterator[tuple[str, LogLine]]:
    """Every line as it stands and without its prefix.

    Format `long` prints that on a line of its own; Android Studio prints it once for a message of several lines.
    """
    heading: LogLine | None = None
    studio: LogLine | None = None
    for line in text.split("\n"):
        if line.startswith("[ ") and (match := _LONG.fullmatch(line)):
            heading = LogLine(pid=int(match[1]), tag=match[2].strip(), message="")
            yield line, heading
        elif heading is not None and line.strip():
            yield line, replace(heading, message=line)
        elif studio is not None and line.startswith("    "):
            message = line.strip(" \t")
            yield line, replace(studio, message=f"\t{message}" if message.startswith("at ") else message)
        else:
            heading = None
            found = log_line(line)
            studio = found if found.pid is not None and _STUDIO.match(line) else None
            yield line, found
