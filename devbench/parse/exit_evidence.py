"""The lines of a log that tell of one process's end, so that a report can show them beside the verdict."""

from __future__ import annotations

import re

from devbench.parse.exit_lines import exit_in_line
from devbench.parse.logcat import log_lines
from devbench.parse.text import clean, excerpt

_LONGEST = 300
# What a crash dump prints besides its heading and frames is registers and memory: nobody reads those in a report.
_TELLING = re.compile(r"[ \t]{0,8}(?:signal [0-9]|Abort message|Cause:|backtrace:|#[0-9]{2})|[ \t]{0,8}pid: ")
_OWN_ERROR = re.compile(r"[0-9] [EF] ")


def lines_about(text: str, pid: int, most: int) -> list[str]:
    """The last `most` lines about the end of process `pid`: the system's, its crash dump's, its own errors.

    A line is cut at 300 characters; `text` is in format threadtime.
    """
    heading = re.compile(rf"[ \t]{{0,8}}pid: {pid}, tid: ")
    kept: dict[str, None] = {}
    dumper: int | None = None
    for raw, line in log_lines(clean(text)):
        if heading.match(line.message):
            dumper = line.pid
        found = exit_in_line(line)
        mine = found is not None and found[0].pid == pid
        dumped = dumper is not None and line.pid == dumper and _TELLING.match(line.message)
        own = line.pid == pid and _OWN_ERROR.search(raw[:80])
        if mine or dumped or own:
            kept[excerpt(raw, _LONGEST)] = None
    return list(kept)[-most:]
