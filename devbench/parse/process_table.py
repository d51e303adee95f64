"""Tables of processes as `top` and `ps` print them, read by their own heading, because every tool has its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from devbench.parse.quantity import integer, kib_bytes, size_bytes
from devbench.parse.text import Notes

Number = TypeVar("Number", int, float)
CPU_COLUMNS = ("%CPU", "CPU%")
RSS_COLUMNS = ("RES", "RSS")
NAME_COLUMNS = (
    "PROCESS", "NAME", "Proc", "CMDLINE", "ARGS", "COMMAND", "CMD", "COMM", "Name",
)  # fmt: skip
_TOKEN = re.compile(r"\S{1,2000}")
# Columns that top may leave empty: what follows them can only be found by its place in the line.
_BLANK_COLUMNS = frozenset({"PCY"})
# A terminal's colours whose escape character was lost on the way.
_COLOUR = re.compile(r"\[[0-9;]{1,8}m")
# busybox fills the places of a state's flags with blanks: "S <" is one cell.
_STATE, _STATE_FLAGS = re.compile(r"[RSDZTtXxKWPI]W?"), frozenset({"<", "N", "L", "s", "+"})
_LONGEST_LINE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The columns of a table: their names in order, and where each begins and ends in the line."""

    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def place(self, *candidates: str) -> int | None:
        """The first of the candidates that is a column."""
        return next((self.names.index(name) for name in candidates if name in self.names), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: the process's number (None if the table has none), its cells and its name."""

    pid: int | None
    tokens: tuple[str, ...]
    heading: Heading
    process: str | None

    def text(self, *candidates: str) -> str | None:
        """The cell of the first of these columns that the table has."""
        place, name = self.heading.place(*candidates), self.heading.place(*NAME_COLUMNS)
        if place is not None and name is not None and place > name:
            # A name may hold blanks: the columns after it are counted from the end.
            place += max(0, len(self.tokens) - len(self.heading.names))
        return self.tokens[place] if place is not None and place < len(self.tokens) else None

    def number(
        self, columns: tuple[str, ...], read: Callable[[str], Number | None], notes: Notes
    ) -> Number | None:
        """That cell as a number; what is no number is None and said."""
        text = self.text(*columns)
        value = None if text is None else read(text)
        if text is not None and value is None:
            notes.warn(f"the row of pid {self.pid}: {text[:24]!r} is no number")
        return value


def last_table(text: str, notes: Notes) -> tuple[Heading, list[Row]] | None:
    """The last table of the text with its rows; None if no line heads one."""
    lines = text.split("\n")
    heads = [i for i, line in enumerate(lines) if _is_heading(line)]
    if not heads:
        return None
    if len(heads) > 1:
        notes.warn(f"{len(heads)} tables in the text: the last is reported")
    heading = _heading(lines[heads[-1]])
    rows = [row for line in lines[heads[-1] + 1 :] if (row := _row(line, heading, notes))]
    if not rows:
        notes.warn("the table has no rows")
    return heading, rows


def rss_bytes(text: str, heading: Heading) -> int | None:
    """A size: toybox's top prints bytes with a suffix, procps and every ps kibibytes without one."""
    if text[-1:] in "kKmMgGtT":
        return size_bytes(text)
    in_bytes = "RES" in heading.names and "COMMAND" not in heading.names
    return size_bytes(text) if in_bytes else kib_bytes(text)


def _is_heading(line: str) -> bool:
    words = _columns(line).split()
    names = set(words)
    ids = "PID" in names or {"TID", "PROCESS"} <= names
    return ids and len(words) >= 3 and bool(names & {*NAME_COLUMNS, *RSS_COLUMNS})


def _columns(line: str) -> str:
    # toybox marks the column it sorts by with brackets, which swallow the blanks around it: "NI[%CPU]S".
    return _COLOUR.sub("", line[:400]).replace("[", " ").replace("]", " ")


def _heading(line: str) -> Heading:
    tokens = list(_TOKEN.finditer(_columns(line)))
    names, spans = [token[0] for token in tokens], [token.span() for token in tokens]
    if "VSIZE" in names and names[-1] == "NAME":
        # toolbox's ps prints the state without a heading for it.
        names.insert(-1, "S")
        spans.insert(-1, spans[-1])
    return Heading(names=tuple(names), spans=tuple(spans))


def _row(line: str, heading: Heading, notes: Notes) -> Row | None:
    tokens = _joined_state(list(_TOKEN.finditer(line[:_LONGEST_LINE])), heading)
    cells = tuple(line[start:end] for start, end in tokens)
    place = heading.place("PID", "TID") or 0
    if len(tokens) <= place or (number := integer(cells[place])) is None or number < 0:
        if tokens and len(tokens) >= len(heading.names) - 3:
            notes.warn(f"not a row of the table: {line.strip()[:60]!r}")
        return None
    pid = number if "PID" in heading.names else None
    fixed = [heading.place("PID", "TID"), heading.place(*CPU_COLUMNS), heading.place(*RSS_COLUMNS)]
    last_fixed = max(index or 0 for index in fixed)
    if len(tokens) <= last_fixed:
        notes.warn(f"the row of pid {pid} is cut")
    return Row(pid=pid, tokens=cells, heading=heading, process=_process(line, tokens, heading, last_fixed))


def _joined_state(tokens: list[re.Match[str]], heading: Heading) -> list[tuple[int, int]]:
    spans = [token.span() for token in tokens]
    place = heading.place("STAT")
    if place is None or place + 1 >= len(tokens):
        return spans
    if _STATE.fullmatch(tokens[place][0]) and tokens[place + 1][0] in _STATE_FLAGS:
        spans[place : place + 2] = [(spans[place][0], spans[place + 1][1])]
    return spans


def _process(line: str, tokens: list[tuple[int, int]], heading: Heading, last_fixed: int) -> str | None:
    """The column of the name, with its blanks: to the end of the line, or up to the columns after it."""
    name = heading.place(*NAME_COLUMNS)
    if name is None or last_fixed >= len(tokens):
        return None
    between = heading.names[last_fixed + 1 : name]
    blanks = _BLANK_COLUMNS & set(between) if "VSIZE" not in heading.names else set()
    if blanks or "TID" in heading.names:
        return _by_place(line, tokens, heading, last_fixed, name)
    after = len(heading.names) - 1 - name
    if name + after >= len(tokens):
        return None
    end = tokens[len(tokens) - after - 1][1] if after else len(line)
    return line[tokens[name][0] : end].strip() or None


def _by_place(
    line: str, tokens: list[tuple[int, int]], heading: Heading, last_fixed: int, name: int
) -> str | None:
    """After a column that may be blank the name is found by its place, moved by what overflowed."""
    moved = tokens[last_fixed][1] - heading.spans[last_fixed][1]
    start = heading.spans[name][0] + moved
    if start > 0 and line[start - 1 : start].strip():
        return None
    text = line[start:].strip()
    if not text and "TID" in heading.names and tokens[-1][1] <= start:
        # A kernel thread has no process name; the thread's stands for it.
        return line[tokens[-1][0] : tokens[-1][1]]
    return text or None
