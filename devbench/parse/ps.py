"""`ps` of toolbox, toybox, busybox and procps: which processes there are, who owns and who started them."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.parse.process_table import RSS_COLUMNS, Heading, Row, last_table, rss_bytes
from devbench.parse.quantity import integer
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_COLUMNS = {"ppid": ("PPID",), "user": ("USER", "UID"), "state": ("S", "STAT"), "rss": RSS_COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class PsProcess:
    """One process; `state` as printed (`S`, `R`, `Ss+`), `user` by name or number as printed."""

    pid: int
    ppid: int | None
    user: str | None
    process: str | None
    state: str | None
    rss_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ps:
    """Processes in the order of the table."""

    source: str
    processes: tuple[PsProcess, ...]
    warnings: tuple[str, ...] = ()


def parse_ps(text: str | bytes) -> Ps:
    """The last table of the text; ParseError if no line heads one with ids of processes."""
    text = clean(text)
    notes = Notes()
    table = last_table(text, notes)
    if table is None or "PID" not in table[0].names:
        raise refuse("ps", text)
    heading, rows = table
    notes.missing([name for name, columns in _COLUMNS.items() if heading.place(*columns) is None])
    if "TID" in heading.names:
        notes.warn("one row a thread: each process is reported once")
        rows = _one_a_process(rows)
    processes = tuple(_process(row, row.pid, notes) for row in rows if row.pid is not None)
    return Ps(source=_source(heading), processes=processes, warnings=notes.done())


def _source(heading: Heading) -> str:
    if "VSIZE" in heading.names or ("LABEL" in heading.names and len(heading.names) == 5):
        return "toolbox ps"
    if heading.names[0] == "PID" and "COMMAND" in heading.names:
        return "busybox ps"
    return "procps ps" if "COMMAND" in heading.names else "toybox ps"


def _one_a_process(rows: list[Row]) -> list[Row]:
    """The row of each process's first thread, whose id is the process's own, else the first that is there."""
    found: dict[int | None, Row] = {}
    for row in rows:
        if row.pid not in found or row.text("TID") == str(row.pid):
            found[row.pid] = row
    return list(found.values())


def _process(row: Row, pid: int, notes: Notes) -> PsProcess:
    return PsProcess(
        pid=pid,
        ppid=row.number(_COLUMNS["ppid"], _id, notes),
        user=row.text(*_COLUMNS["user"]),
        process=row.process,
        state=row.text(*_COLUMNS["state"]),
        rss_bytes=row.number(RSS_COLUMNS, lambda text: rss_bytes(text, row.heading), notes),
    )


def _id(text: str) -> int | None:
    value = integer(text)
    return value if value is not None and value >= 0 else None
