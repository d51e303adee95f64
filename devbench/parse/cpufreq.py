"""Files of /sys/devices/system/cpu/*/cpufreq as a shell prints them: clocks in kHz, all else as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.quantity import integer
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean, is_prompt

# `grep . FILES` prints path:value, `head FILES` headings, `echo; cat` loops the path alone on a line.
_PAIR = re.compile(r"(/sys/[A-Za-z0-9_./-]{1,200}?)(?:[ \t]{0,4}[:=][ \t]{0,4}|[ \t]{1,8})(?=\S)(.{0,4000})")
_HEADING = re.compile(r"(?:==> )?(/sys/[A-Za-z0-9_./-]{1,200}?):?(?: <==)?")
_ERROR = re.compile(r".{0,60}?(/sys/[A-Za-z0-9_./-]{1,200}): ([A-Z][A-Za-z/ ]{3,60})")
# What cat says of a file; on Android 4 without its own name in front.
_NO_VALUE = re.compile(
    r"(?:No such (?:file or directory|device)|Permission denied|Invalid argument|Is a directory"
    r"|Input/output error|I/O error|Device or resource busy|Operation not permitted)"
)
_TABLE_ROW = re.compile(r"([0-9]{3,12})((?:[ \t]{1,8}(?:[0-9]{1,20}|N/A)){1,32})")
_TABLE_HEAD = re.compile(r"freq(?:[ \t]{1,8}cpu[0-9]{1,3}){1,32}")
_SLOWEST_KHZ, _FASTEST_KHZ = 1_000, 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuFreq:
    """Path → kHz (one number in a file `…_freq`), text (all others), or None if it could not be read."""

    source: str
    files: dict[str, int | str | None]
    warnings: tuple[str, ...] = ()


def parse_cpufreq(text: str | bytes) -> CpuFreq:
    """Paths with values; or one `time_in_state` table without its path. ParseError if neither is there."""
    text = clean(text)
    notes = Notes()
    contents = _by_path(text.split("\n"), notes)
    if contents:
        files = {path: _value(path, value, notes) for path, value in contents.items()}
        return CpuFreq(source="paths", files=files, warnings=notes.done())
    table = _table(text, notes)
    if table is None:
        raise refuse("cpufreq", text)
    name = "all_time_in_state" if table.startswith("freq") else "time_in_state"
    return CpuFreq(source=name, files={name: table}, warnings=notes.done())


def _by_path(lines: list[str], notes: Notes) -> dict[str, list[str]]:
    contents: dict[str, list[str]] = {}
    path: str | None = None
    for line in lines:
        line = line.strip()
        if is_prompt(line):
            continue
        error = _ERROR.fullmatch(line)
        pair, heading = _PAIR.fullmatch(line), _HEADING.fullmatch(line)
        if error and not line.startswith("/sys/"):
            notes.warn(f"{error[1]}: {error[2]}")
            contents.setdefault(error[1], [])
            path = None
        elif pair:
            path = None
            if _NO_VALUE.fullmatch(pair[2]):
                notes.warn(f"{pair[1]}: {pair[2]}")
                contents.setdefault(pair[1], [])
            else:
                contents.setdefault(pair[1], []).append(pair[2])
        elif heading:
            path = heading[1]
            contents.setdefault(path, [])
        elif path is not None and line:
            contents[path].append(line)
    return contents


def _value(path: str, lines: list[str], notes: Notes) -> int | str | None:
    text = "\n".join(lines).strip()
    if not text:
        notes.warn(f"{path}: no value")
        return None
    number = integer(text)
    if number is None or not path.rsplit("/", 1)[-1].endswith("_freq"):
        return text
    if _SLOWEST_KHZ <= number <= _FASTEST_KHZ:
        return number
    if _SLOWEST_KHZ <= number // 1000 <= _FASTEST_KHZ:
        notes.warn(f"{path}: {number} is taken as Hz: as kHz no CPU has it")
        return number // 1000
    notes.warn(f"{path}: {number} kHz is no clock of a CPU")
    return None


def _table(text: str, notes: Notes) -> str | None:
    """A `time_in_state` table as it stands, without blank lines and noise."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    head = [line for line in lines if _TABLE_HEAD.fullmatch(line)][:1]
    rows = [line for line in lines if _TABLE_ROW.fullmatch(line) and (head or len(line.split()) == 2)]
    if not rows:
        return None
    notes.warn("the text names no file: a table of kHz and ticks of 10 ms, as time_in_state has it")
    if len(rows) + len(head) < len(lines):
        notes.warn(f"{len(lines) - len(rows) - len(head)} lines are no rows of the table")
    if any(int(row.split()[0]) > _FASTEST_KHZ for row in rows):
        notes.warn("a frequency in it is no clock of a CPU in kHz")
    return "\n".join(head + rows)
