"""`top` of toolbox, toybox, busybox and procps; `ps` too, without what it does not count."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.parse.process_table import CPU_COLUMNS, RSS_COLUMNS, Heading, Row, last_table, rss_bytes
from devbench.parse.quantity import decimal
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean


@dataclass(frozen=True, slots=True, kw_only=True)
class TopProcess:
    """One process; `cpu_pct` as the tool prints it, which `source` and a warning explain."""

    pid: int | None
    process: str | None
    cpu_pct: float | None
    rss_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """Processes in the order of the table."""

    source: str
    processes: tuple[TopProcess, ...]
    warnings: tuple[str, ...] = ()


def parse_top(text: str | bytes) -> Top:
    """The last table of the text; ParseError if no line heads one."""
    text = clean(text)
    notes = Notes()
    table = last_table(text, notes)
    if table is None:
        raise refuse("top", text)
    heading, rows = table
    source = _source(heading)
    if source == "toolbox top":
        notes.warn("cpu_pct is a share of the whole device, as this tool counts")
    if heading.place(*CPU_COLUMNS) is None:
        notes.missing(["CPU"])
    if heading.place(*RSS_COLUMNS) is None:
        notes.missing(["RSS"])
    processes = [_process(row, notes) for row in rows]
    if "TID" in heading.names:
        processes = _by_process(processes, notes, named="PID" not in heading.names)
    return Top(source=source, processes=tuple(processes), warnings=notes.done())


def _source(heading: Heading) -> str:
    if "CPU%" in heading.names:
        return "toolbox top"
    if heading.place(*CPU_COLUMNS) is None:
        return "toolbox ps" if "VSIZE" in heading.names else "ps"
    if "%VSZ" in heading.names:
        return "busybox top"
    if "RES" in heading.names:
        return "procps top" if "COMMAND" in heading.names else "toybox top"
    return "ps"


def _process(row: Row, notes: Notes) -> TopProcess:
    return TopProcess(
        pid=row.pid,
        process=row.process,
        cpu_pct=row.number(CPU_COLUMNS, _percent, notes),
        rss_bytes=row.number(RSS_COLUMNS, lambda text: rss_bytes(text, row.heading), notes),
    )


def _percent(text: str) -> float | None:
    value = decimal(text.removesuffix("%"))
    return value if value is not None and value >= 0 else None


def _by_process(rows: list[TopProcess], notes: Notes, *, named: bool) -> list[TopProcess]:
    """One row a process from one row a thread: the threads' CPU summed, in order of first sight.

    `named`: the table has no ids of processes, so that two processes of one name become one row.
    """
    notes.warn("one row a thread: cpu_pct of a process is the sum over its threads in the text")
    if named:
        notes.warn("no ids of processes in the text: threads are summed by the name of their process")
    found: dict[int | str | None, TopProcess] = {}
    for row in rows:
        key = row.process if named else row.pid
        held = found.get(key)
        if held is None:
            found[key] = row
            continue
        known = [value for value in (held.cpu_pct, row.cpu_pct) if value is not None]
        found[key] = TopProcess(
            pid=row.pid,
            process=held.process or row.process,
            cpu_pct=round(sum(known), 3) if known else None,
            rss_bytes=held.rss_bytes if held.rss_bytes is not None else row.rss_bytes,
        )
    return list(found.values())
