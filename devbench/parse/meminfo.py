"""`dumpsys meminfo` of one process: the table of Android 2 to 16 by its headings, and the checkin form."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from devbench.parse.meminfo_checkin import is_checkin, parse_checkin
from devbench.parse.quantity import KIB, kib_bytes
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_HEADER = re.compile(r"[ \t]{0,16}\*\* MEMINFO in pid ([0-9]{1,10}) \[([^\n]{0,400}?)\] \*\*")
_RULE = re.compile(r"[ \t]{0,64}-{3,12}(?:[ \t]{1,40}-{3,12}){0,15}[ \t]{0,16}")
_CELL = re.compile(r"-?[0-9]{1,15}|N/A")
_SUMMARY = re.compile(
    r"[ \t]{0,40}(Java Heap|Native Heap|Code|Stack|Graphics|Private Other|System|Unknown):"
    r"([ \t]{0,60})([0-9]{0,15})[ \t]{0,60}([0-9]{0,15})[ \t]{0,40}"
)
_SUMMARY_TOTAL = re.compile(r"TOTAL(?: (PSS|RSS|SWAP PSS|SWAP \(KB\)))?:[ \t]{0,40}([0-9]{1,15})")
# Words of the two heading lines, one above the other, and the key they make.
_COLUMNS = {
    "pss total": "pss_bytes", "pss": "pss_bytes", "pss clean": "pss_clean_bytes",
    "shared dirty": "shared_dirty_bytes", "private dirty": "private_dirty_bytes",
    "shared clean": "shared_clean_bytes", "private clean": "private_clean_bytes",
    "swapped dirty": "swap_bytes", "swap dirty": "swap_bytes", "swapped": "swap_bytes",
    "swappss dirty": "swap_pss_bytes", "rss total": "rss_bytes", "rss": "rss_bytes",
    "heap size": "heap_size_bytes", "heap alloc": "heap_alloc_bytes", "heap free": "heap_free_bytes",
}  # fmt: skip
# The table of Android 2 and 3 lies on its side: one row a quantity, one column a heap.
_OLD_COLUMNS = ("native", "dalvik", "other", "total")
_OLD_ROWS = {
    "size": "heap_size_bytes", "allocated": "heap_alloc_bytes", "free": "heap_free_bytes",
    "(pss)": "pss_bytes",
    "(shared dirty)": "shared_dirty_bytes", "(priv dirty)": "private_dirty_bytes",
}  # fmt: skip
_ENDS = ("dalvik details", "app summary", "objects", "sql", "databases", "asset allocations")

Categories = dict[str, dict[str, int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meminfo:
    """Memory of one process, by category of the table and by the app summary (Android 6+); in bytes."""

    source: str
    pid: int | None
    process: str | None
    total_pss_bytes: int | None
    total_rss_bytes: int | None
    total_swap_bytes: int | None
    native_heap_pss_bytes: int | None
    dalvik_heap_pss_bytes: int | None
    categories: Categories = field(default_factory=dict)
    summary: dict[str, int | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def parse_meminfo(text: str | bytes) -> Meminfo:
    """The first process of `dumpsys meminfo PID|NAME [-a] [--checkin]`; ParseError if there is no table."""
    text = clean(text)
    notes = Notes()
    lines = text.split("\n")
    if is_checkin(lines):
        pid, process, categories = parse_checkin(lines, notes)
        return _meminfo("checkin", pid, process, categories, {}, notes)
    starts = [(i, match) for i, line in enumerate(lines) if (match := _HEADER.search(line[:600]))]
    if len(starts) > 1:
        notes.warn(f"{len(starts)} processes in the text: the first is reported")
        lines = lines[: starts[1][0]]
    if starts:
        pid, process = int(starts[0][1][1]), starts[0][1][2]
        lines = lines[starts[0][0] + 1 :]
    else:
        pid = process = None
        notes.missing(["pid", "process"], "the text may be cut at its head")
    categories, source = _table(lines, notes)
    summary, totals = _summary(lines)
    if not categories and not summary:
        raise refuse("meminfo", text, "a table for one process is not there")
    return _meminfo(source, pid, process, categories, summary | totals, notes)


def _meminfo(
    source: str,
    pid: int | None,
    process: str | None,
    categories: Categories,
    summary: dict[str, int | None],
    notes: Notes,
) -> Meminfo:
    lower = {name.lower(): cells for name, cells in categories.items()}
    total = lower.pop("total", {})
    native = lower.get("native heap", lower.get("native", {}))
    dalvik = lower.get("dalvik heap", lower.get("dalvik", {}))
    swap_pss = total.get("swap_pss_bytes")
    swap = total.get("swap_bytes") if swap_pss is None else swap_pss
    _check_sum(
        {name: cells.get("pss_bytes") for name, cells in lower.items()}, total.get("pss_bytes"), swap, notes
    )
    named = (("pss", total.get("pss_bytes")), ("rss", total.get("rss_bytes")), ("swap", swap))
    values = {
        name: _agreed(name, value, summary.pop(f"total_{name}_bytes", None), notes) for name, value in named
    }
    values |= {"native heap": native.get("pss_bytes"), "dalvik heap": dalvik.get("pss_bytes")}
    notes.missing([name for name, value in values.items() if value is None])
    return Meminfo(
        source=source,
        pid=pid,
        process=process,
        total_pss_bytes=values["pss"],
        total_rss_bytes=values["rss"],
        total_swap_bytes=values["swap"],
        native_heap_pss_bytes=values["native heap"],
        dalvik_heap_pss_bytes=values["dalvik heap"],
        categories={name: cells for name, cells in categories.items() if name.lower() != "total"},
        summary=summary,
        warnings=notes.done(),
    )


def _agreed(name: str, table: int | None, summary: int | None, notes: Notes) -> int | None:
    if table is not None and summary is not None and table != summary:
        notes.warn(
            f"total {name}: {table // KIB} KiB in the table, {summary // KIB} in the summary (not reported)"
        )
    return summary if table is None else table


def _check_sum(parts: dict[str, int | None], total: int | None, swap: int | None, notes: Notes) -> None:
    """Warn when the categories do not add up to the total, which since Android 8 includes swapped memory."""
    known = [value for value in parts.values() if value is not None]
    if total is None or not known:
        return
    rest = total - sum(known)
    if rest not in (0, swap):
        notes.warn(
            f"the categories sum to {sum(known) // KIB} KiB of {total // KIB}: rows may be missing or damaged"
        )


def _table(lines: list[str], notes: Notes) -> tuple[Categories, str]:
    ends = (i for i, line in enumerate(lines) if line.strip().lower() == "app summary")
    table = lines[: next(ends, len(lines))]
    rule = next((i for i, line in enumerate(table) if line.count("---") >= 3 and _RULE.fullmatch(line)), None)
    if rule is None:
        return (
            (_old_table(table, notes), "table of Android 2")
            if len(table) == len(lines)
            else ({}, "app summary")
        )
    columns = _column_keys(lines[max(0, rule - 2) : rule], lines[rule], notes)
    categories: Categories = {}
    for line in lines[rule + 1 :]:
        tokens = line.split()
        if line.strip().lower() in _ENDS or (tokens and tokens[0].rstrip(":").lower() in ("app", "objects")):
            break
        first = next((i for i, token in enumerate(tokens) if _CELL.fullmatch(token)), None)
        if first is None or first == 0:
            if tokens:
                notes.warn(f"not a row of the table: {line.strip()[:60]!r}")
            continue
        name = " ".join(tokens[:first])
        cells = _cells(tokens[first:], columns)
        if cells is None:
            notes.warn(
                f"row {name[:40]!r} has {len(tokens) - first} cells where {len(columns)} are headed: left out"
            )
        elif name in categories:
            notes.warn(f"row {name[:40]!r} stands twice: the first is reported")
        else:
            categories[name] = cells
            if None in cells.values() and "N/A" not in tokens:
                notes.warn(f"row {name[:40]!r} holds what is no size")
        if name.upper() == "TOTAL":
            break
    else:
        notes.warn("the table has no end: the text may be cut")
    return categories, "table"


def _column_keys(headings: list[str], rule: str, notes: Notes) -> list[str | None]:
    """Keys of the columns. Headings are two right-aligned lines; Android 4.0 heads fewer in the upper one."""
    upper, lower = ([[], [], *(line.split() for line in headings)])[-2:]
    count = len(rule.split())
    if len(lower) != count:
        notes.warn(f"{len(lower)} headings over {count} columns: none of them is understood")
        return [None] * count
    upper = [""] * (count - len(upper)) + upper[-count:]
    keys = [_COLUMNS.get(f"{top} {bottom}".strip().lower()) for top, bottom in zip(upper, lower, strict=True)]
    for top, bottom, key in zip(upper, lower, keys, strict=True):
        if key is None:
            notes.warn(f"column {f'{top} {bottom}'.strip()!r} is not known: left out")
    return keys


def _cells(tokens: list[str], columns: list[str | None]) -> dict[str, int | None] | None:
    """Cells of a row by key; only the three columns of the heap may be blank. None if that does not fit."""
    if not all(_CELL.fullmatch(token) for token in tokens):
        return None
    heap = sum(key is not None and key.startswith("heap_") for key in columns)
    if len(tokens) not in (len(columns), len(columns) - heap):
        return None
    return {key: kib_bytes(token) for key, token in zip(columns, tokens, strict=False) if key is not None}


def _old_table(lines: list[str], notes: Notes) -> Categories:
    head = next((i for i, line in enumerate(lines) if tuple(line.split()) == _OLD_COLUMNS), None)
    categories: Categories = {name: {} for name in _OLD_COLUMNS}
    for line in lines[head + 1 : head + 12] if head is not None else ():
        label, _, rest = line.partition(":")
        key, cells = _OLD_ROWS.get(label.strip().lower()), rest.split()
        if key is None:
            continue
        if len(cells) != len(_OLD_COLUMNS):
            notes.warn(f"row {label.strip()[:40]!r} has {len(cells)} cells of 4: left out")
            continue
        for name, cell in zip(_OLD_COLUMNS, cells, strict=True):
            categories[name][key] = kib_bytes(cell)
    return categories if any(categories.values()) else {}


def _summary(lines: list[str]) -> tuple[dict[str, int | None], dict[str, int | None]]:
    """The app summary (`code_bytes`, and `code_rss_bytes` from Android 11), and the totals below it."""
    start = next((i for i, line in enumerate(lines) if line.strip().lower() == "app summary"), None)
    summary: dict[str, int | None] = {}
    totals: dict[str, int | None] = {}
    for line in lines[start + 1 : start + 20] if start is not None else ():
        match = _SUMMARY.fullmatch(line)
        if match:
            key = match[1].lower().replace(" ", "_")
            # A lone number far to the right stands in the second column: Rss without Pss.
            alone = not match[4] and len(match[2]) > 20
            pss, rss = ("", match[3]) if alone else (match[3], match[4])
            if pss:
                summary[f"{key}_bytes"] = kib_bytes(pss)
            if rss:
                summary[f"{key}_rss_bytes"] = kib_bytes(rss)
        for name, number in _SUMMARY_TOTAL.findall(line[:400]):
            key = "swap" if name.startswith("SWAP") else (name or "PSS").lower()
            totals.setdefault(f"total_{key}_bytes", kib_bytes(number))
    return summary, totals
