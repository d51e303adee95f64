"""`dumpsys cpuinfo`: load, and who used the CPUs in the window since somebody asked last."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.quantity import decimal, integer
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)"
_LOAD = re.compile(rf"[ \t]{{0,16}}Load: {_NUMBER} / {_NUMBER} / {_NUMBER}")
_WINDOW = re.compile(r"([ \t]{0,16})CPU usage from (-?[0-9]{1,15})ms to (-?[0-9]{1,15})ms (ago|later)")
_ROW = re.compile(
    rf"([ \t]{{0,16}})([+-]?){_NUMBER}% (?:([0-9]{{1,10}})/(.{{0,400}})|TOTAL):"
    r" (?=[0-9.]{1,9}% )(.{0,200})"
)
_PART = re.compile(rf"{_NUMBER}% (user|kernel)")
# Rows of threads are indented two more than those of processes.
_DEEPEST_PROCESS_INDENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuProcess:
    """One process; percent of one core, so more than 100 for one with several busy threads."""

    pid: int
    process: str
    total_pct: float | None
    user_pct: float | None
    kernel_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpuinfo:
    """Load averages, the window, and percentages: at the top of the whole device, by process of one core."""

    source: str
    load_1: float | None
    load_5: float | None
    load_15: float | None
    window_ms: int | None
    total_pct: float | None
    user_pct: float | None
    kernel_pct: float | None
    processes: tuple[CpuProcess, ...]
    warnings: tuple[str, ...] = ()


def parse_cpuinfo(text: str | bytes) -> Cpuinfo:
    """What `dumpsys cpuinfo` prints, or the same block in an ANR report; ParseError if neither is there."""
    text = clean(text)
    notes = Notes()
    load: tuple[float | None, ...] = (None, None, None)
    window: int | None = None
    indent = 0
    total: re.Match[str] | None = None
    rows: list[re.Match[str]] = []
    for line in text.split("\n"):
        loads, span = _LOAD.match(line), _WINDOW.match(line)
        if loads:
            load = tuple(decimal(value) for value in loads.groups())
        elif span:
            if window is not None:
                notes.warn("several windows in the text: the first is reported")
                break
            window, indent = abs(int(span[2]) - int(span[3])), len(span[1])
        elif match := _ROW.match(line):
            if match[4] is None:
                total = total or match
            elif len(match[1]) - indent <= _DEEPEST_PROCESS_INDENT:
                rows.append(match)
    if load[0] is None and window is None and total is None:
        raise refuse("cpuinfo", text)
    if total is None and rows:
        notes.warn("the line TOTAL is missing: the text may be cut")
    names = {"Load": load[0], "window": window, "TOTAL": total}
    notes.missing([name for name, value in names.items() if value is None])
    user, kernel = _parts(total[6]) if total else (None, None)
    return Cpuinfo(
        source="dumpsys cpuinfo",
        load_1=load[0],
        load_5=load[1],
        load_15=load[2],
        window_ms=window,
        total_pct=decimal(total[3]) if total else None,
        user_pct=user,
        kernel_pct=kernel,
        processes=tuple(_process(row, notes) for row in rows),
        warnings=notes.done(),
    )


def _parts(text: str) -> tuple[float | None, float | None]:
    parts = {name: decimal(value) for value, name in _PART.findall(text)}
    return parts.get("user"), parts.get("kernel")


def _process(match: re.Match[str], notes: Notes) -> CpuProcess:
    user, kernel = _parts(match[6])
    if user is None or kernel is None:
        notes.warn(f"row of pid {match[4]}: user or kernel share is missing")
    # pid and name are parted by a slash; the name of a native process may begin with another one.
    return CpuProcess(
        pid=integer(match[4]) or 0,
        process=match[5],
        total_pct=decimal(match[3]),
        user_pct=user,
        kernel_pct=kernel,
    )
