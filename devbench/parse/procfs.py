"""/proc/PID/stat, status and smaps_rollup: the kernel's own account of a process, in canonical units."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.quantity import MOST_BYTES, integer, size_bytes
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_STAT = re.compile(r"[^(]{0,64}?\b([0-9]{1,10}) \(")
# The name may hold ") R" itself: the last such place is its end, no field after the state has a parenthesis.
_STATE = re.compile(r"\) [A-Za-z](?= |$)")
_FIELD = re.compile(r"[ \t]{0,16}([A-Za-z][A-Za-z0-9_()]{1,40}):[ \t]{0,32}(\S.{0,200}?)?[ \t]{0,32}")
# Number of a field in proc(5), by the name of the value.
_STAT_FIELDS = {
    "minflt": 10, "majflt": 12, "utime_ticks": 14, "stime_ticks": 15, "num_threads": 20,
    "starttime_ticks": 22,
    "rss_pages": 24, "processor": 39,
}  # fmt: skip
_LAST_FIELD_NEEDED = 39


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcStat:
    """/proc/PID/stat; times in clock ticks (100 a second on phones), `processor` the CPU it ran on last."""

    source: str
    pid: int
    comm: str
    state: str
    utime_ticks: int | None
    stime_ticks: int | None
    num_threads: int | None
    processor: int | None
    minflt: int | None
    majflt: int | None
    rss_pages: int | None
    starttime_ticks: int | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcStatus:
    """/proc/PID/status; a kernel thread has no memory, old kernels neither RssAnon nor VmSwap."""

    source: str
    name: str | None
    pid: int | None
    threads: int | None
    vm_hwm_bytes: int | None
    vm_rss_bytes: int | None
    rss_anon_bytes: int | None
    rss_file_bytes: int | None
    vm_swap_bytes: int | None
    cpus_allowed_list: str | None
    voluntary_ctxt_switches: int | None
    nonvoluntary_ctxt_switches: int | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Smaps:
    """/proc/PID/smaps_rollup, or the sum over /proc/PID/smaps; USS is what only this process has."""

    source: str
    rss_bytes: int | None
    pss_bytes: int | None
    uss_bytes: int | None
    private_clean_bytes: int | None
    private_dirty_bytes: int | None
    shared_clean_bytes: int | None
    shared_dirty_bytes: int | None
    swap_bytes: int | None
    swap_pss_bytes: int | None
    warnings: tuple[str, ...] = ()


def parse_procstat(text: str | bytes) -> ProcStat:
    """One line of /proc/PID/stat, whose name may hold blanks and parentheses; ParseError if there is none."""
    text = clean(text)
    notes = Notes()
    lines = [
        (line, start, ends[-1].start())
        for line in text.split("\n")
        if (start := _STAT.match(line)) and (ends := list(_STATE.finditer(line, start.end())))
    ]
    if not lines:
        why = "/proc/stat is the whole system's" if text.lstrip().startswith("cpu ") else ""
        raise refuse("procstat", text, why)
    if len(lines) > 1:
        notes.warn(f"{len(lines)} processes in the text: the first is reported")
    line, match, close = lines[0]
    fields = line[close + 2 :].split()
    if len(fields) + 2 < _LAST_FIELD_NEEDED:
        notes.warn(f"the line is cut after {len(fields) + 2} fields; the last of them may be cut too")
        fields = fields[:1] if len(fields) == 1 else fields[:-1]
    values = {name: _stat_field(fields, number) for name, number in _STAT_FIELDS.items()}
    notes.missing([name for name, value in values.items() if value is None])
    return ProcStat(
        source="/proc/PID/stat",
        pid=int(match[1]),
        comm=line[match.end() : close],
        state=fields[0],
        warnings=notes.done(),
        **values,
    )


def _stat_field(fields: list[str], number: int) -> int | None:
    # Fields are counted from 1; pid and name, the first two, are not in `fields`.
    return integer(fields[number - 3]) if number - 3 < len(fields) else None


def parse_procstatus(text: str | bytes) -> ProcStatus:
    """`Key:\\tvalue` lines of /proc/PID/status; ParseError unless name or pid and another key are there."""
    text = clean(text)
    notes = Notes()
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        match = _FIELD.fullmatch(line)
        if match is None:
            continue
        if match[1] == "Name" and "Name" in fields:
            notes.warn("several processes in the text: the first is reported")
            break
        fields.setdefault(match[1], match[2] or "")
    if not {"Name", "Pid"} & set(fields) or not {"State", "Tgid", "Pid", "VmRSS", "Threads"} & set(fields):
        raise refuse("procstatus", text)
    sizes = {
        "vm_hwm_bytes": "VmHWM", "vm_rss_bytes": "VmRSS", "rss_anon_bytes": "RssAnon",
        "rss_file_bytes": "RssFile",
        "vm_swap_bytes": "VmSwap",
    }  # fmt: skip
    counts = {
        "pid": "Pid", "threads": "Threads", "voluntary_ctxt_switches": "voluntary_ctxt_switches",
        "nonvoluntary_ctxt_switches": "nonvoluntary_ctxt_switches",
    }  # fmt: skip
    missing = [
        key for key in ("Name", *sizes.values(), *counts.values(), "Cpus_allowed_list") if key not in fields
    ]
    notes.missing(missing, "a kernel thread has no memory of its own" if "VmRSS" in missing else "")
    cpus_allowed_list = _cpu_list(fields.get("Cpus_allowed_list", ""), notes)
    values = {name: _size(fields, key, notes) for name, key in sizes.items()}
    values |= {name: _count(fields, key, notes) for name, key in counts.items()}
    return ProcStatus(
        source="/proc/PID/status",
        name=fields.get("Name") or None,
        cpus_allowed_list=cpus_allowed_list,
        warnings=notes.done(),
        **values,
    )


def _cpu_list(text: str, notes: Notes) -> str | None:
    if not text:
        return None
    if re.fullmatch(r"[0-9]{1,4}(?:[-,][0-9]{1,4}){0,256}", text):
        return text
    notes.warn(f"Cpus_allowed_list {text[:40]!r} is no list of CPUs")
    return None


def _count(fields: dict[str, str], key: str, notes: Notes) -> int | None:
    value = integer(fields.get(key, ""))
    if value is None and key in fields:
        notes.warn(f"{key} {fields[key][:40]!r} is no number")
    return value


def _size(fields: dict[str, str], key: str, notes: Notes) -> int | None:
    """A size with its unit; the kernel always prints one, so a number without it may be cut."""
    text = fields.get(key)
    if text is None:
        return None
    value = size_bytes(text) if text[-1:] in ("B", "b") else None
    if value is None:
        notes.warn(f"{key} {text[:40]!r} is no size with its unit: cut or damaged")
    return value


def parse_smaps(text: str | bytes) -> Smaps:
    """Sizes of smaps_rollup, or of all mappings of smaps summed; ParseError without a Pss or Rss line."""
    text = clean(text)
    notes = Notes()
    sums: dict[str, int] = {}
    mappings = 0
    for line in text.split("\n"):
        match = _FIELD.fullmatch(line)
        if match is None:
            continue
        value = size_bytes(match[2] or "") if (match[2] or "")[-1:] in ("B", "b") else None
        if value is not None:
            sums[match[1]] = sums.get(match[1], 0) + value
            mappings += match[1] == "Rss"
    if not {"Pss", "Rss"} & set(sums):
        raise refuse("smaps", text)
    for key in [key for key, value in sums.items() if value > MOST_BYTES]:
        notes.warn(f"{key} sums to {sums.pop(key)}: not reported")
    keys = ("Rss", "Pss", "Private_Clean", "Private_Dirty", "Shared_Clean", "Shared_Dirty", "Swap", "SwapPss")
    notes.missing([key for key in keys if key not in sums])
    private = [sums.get("Private_Clean"), sums.get("Private_Dirty")]
    return Smaps(
        source="smaps_rollup" if mappings <= 1 else "smaps",
        rss_bytes=sums.get("Rss"),
        pss_bytes=sums.get("Pss"),
        uss_bytes=None if None in private else sum(value for value in private if value is not None),
        private_clean_bytes=sums.get("Private_Clean"),
        private_dirty_bytes=sums.get("Private_Dirty"),
        shared_clean_bytes=sums.get("Shared_Clean"),
        shared_dirty_bytes=sums.get("Shared_Dirty"),
        swap_bytes=sums.get("Swap"),
        swap_pss_bytes=sums.get("SwapPss"),
        warnings=notes.done(),
    )
