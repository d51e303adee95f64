"""`top` and `ps` of toolbox, toybox, busybox and procps: tables that are read by their own heading."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from devbench.parse.quantity import KIB, decimal, integer, size_bytes
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

Number = TypeVar("Number", int, float)
_TOKEN = re.compile(r"\S{1,2000}")
_CPU_COLUMNS = ("%CPU", "CPU%", "CPU")
_RSS_COLUMNS = ("RES", "RSS")
_NAME_COLUMNS = ("NAME", "Proc", "ARGS", "COMMAND", "CMD", "CMDLINE", "Name")
# Columns that may be empty: what follows them can only be found by its place in the line.
_BLANK_COLUMNS = frozenset({"PCY"})
# A terminal's colours whose escape character was lost on the way.
_COLOUR = re.compile(r"\[[0-9;]{1,8}m")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopProcess:
    """One process; `cpu_pct` as the tool prints it, which `source` and a warning explain."""

    pid: int
    process: str | None
    cpu_pct: float | None
    rss_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """Processes in the order of the table."""

    source: str
    processes: tuple[TopProcess, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    """The columns of a table: their names in order, and where each begins and ends in the line."""

    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def place(self, candidates: tuple[str, ...]) -> int | None:
        return next((self.names.index(name) for name in candidates if name in self.names), None)


def parse_top(text: str | bytes) -> Top:
    """The last table of the text; ParseError if no line heads one."""
    text = clean(text)
    notes = Notes()
    lines = text.split("\n")
    heads = [i for i, line in enumerate(lines) if _is_heading(line)]
    if not heads:
        raise refuse("top", text)
    if len(heads) > 1:
        notes.warn(f"{len(heads)} tables in the text: the last is reported")
    heading = _heading(lines[heads[-1]])
    rows = [row for line in lines[heads[-1] + 1 :] if (row := _row(line, heading, notes))]
    source = _source(heading, text)
    if source == "toolbox top":
        notes.warn("cpu_pct is a share of the whole device, as this tool counts")
    if heading.place(_CPU_COLUMNS) is None:
        notes.missing(["CPU"])
    if heading.place(_RSS_COLUMNS) is None:
        notes.missing(["RSS"])
    if "TID" in heading.names:
        rows = _by_process(rows, notes)
    if not rows:
        notes.warn("the table has no rows")
    return Top(source=source, processes=tuple(rows), warnings=notes.done())


def _is_heading(line: str) -> bool:
    words = set(line[:400].replace("[", " ").replace("]", " ").split())
    return "PID" in words and bool(words & {*_NAME_COLUMNS, *_RSS_COLUMNS}) and len(words) >= 4


def _heading(line: str) -> _Heading:
    # toybox marks the column it sorts by with brackets, which swallow the blanks around it: "NI[%CPU]S".
    line = _COLOUR.sub("", line[:400])
    tokens = list(_TOKEN.finditer(line.replace("[", " ").replace("]", " ")))
    return _Heading(names=tuple(token[0] for token in tokens), spans=tuple(token.span() for token in tokens))


def _source(heading: _Heading, text: str) -> str:
    if "CPU%" in heading.names:
        return "toolbox top"
    if heading.place(_CPU_COLUMNS) is None:
        return "toolbox ps" if "VSIZE" in heading.names else "ps"
    if "%VSZ" in heading.names:
        return "busybox top"
    if "RES" in heading.names:
        return "procps top" if "COMMAND" in heading.names else "toybox top"
    return "ps"


def _row(line: str, heading: _Heading, notes: Notes) -> TopProcess | None:
    tokens = list(_TOKEN.finditer(line[:2000]))
    place = heading.place(("PID",)) or 0
    if len(tokens) <= place or (pid := integer(tokens[place][0])) is None or pid < 0:
        if tokens and len(tokens) >= len(heading.names) - 3:
            notes.warn(f"not a row of the table: {line.strip()[:60]!r}")
        return None
    cpu, rss = heading.place(_CPU_COLUMNS), heading.place(_RSS_COLUMNS)
    last_fixed = max(place, cpu or 0, rss or 0)
    if len(tokens) <= last_fixed:
        notes.warn(f"the row of pid {pid} is cut")
    return TopProcess(
        pid=pid,
        process=_process(line, tokens, heading, last_fixed),
        cpu_pct=_cell(tokens, cpu, pid, _percent, notes),
        rss_bytes=_cell(tokens, rss, pid, lambda text: _rss_bytes(text, heading), notes),
    )


def _cell(
    tokens: list[re.Match[str]],
    place: int | None,
    pid: int,
    read: Callable[[str], Number | None],
    notes: Notes,
) -> Number | None:
    if place is None or place >= len(tokens):
        return None
    value = read(tokens[place][0])
    if value is None:
        notes.warn(f"the row of pid {pid}: {tokens[place][0][:24]!r} is no number")
    return value


def _percent(text: str) -> float | None:
    value = decimal(text.removesuffix("%"))
    return value if value is not None and value >= 0 else None


def _rss_bytes(text: str, heading: _Heading) -> int | None:
    """A size: toybox's top prints bytes with a suffix, procps and every ps kibibytes without one."""
    if text[-1:] in "kKmMgGtT":
        return size_bytes(text)
    value = integer(text)
    if value is None or value < 0:
        return None
    return value if "RES" in heading.names and "COMMAND" not in heading.names else value * KIB


def _process(line: str, tokens: list[re.Match[str]], heading: _Heading, last_fixed: int) -> str | None:
    """The last column. After a column that may be blank it is found by its place, moved by what overflowed."""
    name = heading.place(_NAME_COLUMNS)
    if name is None or last_fixed >= len(tokens):
        return None
    blanks = [
        i for i, column in enumerate(heading.names) if column in _BLANK_COLUMNS and last_fixed < i < name
    ]
    threads = "TID" in heading.names
    if not blanks and not threads:
        # toolbox's ps prints the state without a heading for it.
        at = name + ("VSIZE" in heading.names)
        if at >= len(tokens):
            return None
        start = tokens[at].start()
    else:
        moved = tokens[last_fixed].end() - heading.spans[last_fixed][1]
        start = heading.spans[name][0] + moved
        if start > 0 and line[start - 1 : start].strip():
            return None
    text = line[start:].strip()
    if not text and threads and tokens[-1].end() <= start:
        # A kernel thread has no process name; the thread's stands for it.
        return tokens[-1][0]
    return text or None


def _by_process(rows: list[TopProcess], notes: Notes) -> list[TopProcess]:
    """One row a process from one row a thread: the threads' CPU summed, in order of first sight."""
    notes.warn("one row a thread: cpu_pct of a process is the sum over its threads in the text")
    found: dict[int, TopProcess] = {}
    for row in rows:
        held = found.get(row.pid)
        if held is None:
            found[row.pid] = row
            continue
        known = [value for value in (held.cpu_pct, row.cpu_pct) if value is not None]
        found[row.pid] = TopProcess(
            pid=row.pid,
            process=held.process or row.process,
            cpu_pct=round(sum(known), 3) if known else None,
            rss_bytes=held.rss_bytes if held.rss_bytes is not None else row.rss_bytes,
        )
    return list(found.values())
