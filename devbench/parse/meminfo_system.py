"""`dumpsys meminfo` of the whole phone (also its compact form), and `procrank`: who holds the memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.quantity import KIB, in_range, integer, kib_bytes, size_bytes
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_SIZE = r"(-?[0-9][0-9,.'\u00a0\u202f]{0,20}) ?[kK]B?"
_SECTION = re.compile(r"[ \t]{0,16}Total (PSS|RSS) by (process|OOM adjustment|category)\b.{0,40}")
_PROCESS = re.compile(rf"[ \t]{{0,32}}{_SIZE}: (.{{1,300}}?) \(pid ([0-9]{{1,10}})\b[^()]{{0,80}}\)")
_TOTAL = re.compile(rf"[ \t]{{0,16}}(Total|Free|Used|Lost) RAM:[ \t]{{0,16}}{_SIZE}")
_ZRAM = re.compile(rf"[ \t]{{0,16}}ZRAM:[ \t]{{0,16}}{_SIZE} physical used")
_COMPACT = re.compile(r"proc,[a-z0-9]{1,16},(.{1,200}?),([0-9]{1,10}),([0-9]{1,12}),(?:N/A|[0-9]{1,12}),")
_COMPACT_TOTAL = re.compile(r"(ram|lostram|zram),(-?[0-9]{1,15})(?:,([0-9]{1,15}),([0-9]{1,15}))?")
_PROCRANK_HEAD = re.compile(
    r"[ \t]{0,16}PID[ \t]{1,24}Vss[ \t]{1,24}Rss[ \t]{1,24}Pss[ \t]{1,24}Uss\b.{0,80}\bcmdline"
)
_PROCRANK_ROW = re.compile(
    r"[ \t]{0,16}([0-9]{1,10})((?:[ \t]{1,24}[0-9]{1,15}K){4,10})[ \t]{1,8}(\S.{0,300})"
)
_MOST_RAM_BYTES = 2**38
_PROCRANK_RAM = re.compile(r"[ \t]{0,8}RAM: ([0-9]{1,15})K total, ([0-9]{1,15})K free")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessMemory:
    """One process; Android before 11 says nothing of RSS."""

    pid: int
    process: str
    pss_bytes: int | None
    rss_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeminfoSystem:
    """The phone's memory; `lost_ram_bytes` may be negative, `zram_bytes` is the memory that zRAM takes."""

    source: str
    total_ram_bytes: int | None
    free_ram_bytes: int | None
    used_ram_bytes: int | None
    lost_ram_bytes: int | None
    zram_bytes: int | None
    processes: tuple[ProcessMemory, ...]
    warnings: tuple[str, ...] = ()


class _Gathered:
    """Sizes by pid in order of first sight, and totals by name."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.sizes: dict[str, dict[int, int]] = {"PSS": {}, "RSS": {}}
        self.totals: dict[str, int | None] = {}

    def add(self, what: str, pid: int, name: str, size: int | None, notes: Notes) -> None:
        if size is None:
            notes.warn(f"{what} of pid {pid} is no size")
        elif pid in self.sizes[what]:
            notes.warn(f"pid {pid} stands twice: the first is reported")
        else:
            self.names.setdefault(pid, name)
            self.sizes[what][pid] = size

    def result(self, source: str, notes: Notes) -> MeminfoSystem:
        names = ("total", "free", "used", "lost", "zram")
        notes.missing(
            [f"{name} RAM" if name != "zram" else "ZRAM" for name in names if self.totals.get(name) is None]
        )
        return MeminfoSystem(
            source=source,
            total_ram_bytes=self.totals.get("total"),
            free_ram_bytes=self.totals.get("free"),
            used_ram_bytes=self.totals.get("used"),
            lost_ram_bytes=self.totals.get("lost"),
            zram_bytes=self.totals.get("zram"),
            processes=tuple(
                ProcessMemory(
                    pid=pid,
                    process=name,
                    pss_bytes=self.sizes["PSS"].get(pid),
                    rss_bytes=self.sizes["RSS"].get(pid),
                )
                for pid, name in self.names.items()
            ),
            warnings=notes.done(),
        )


def parse_meminfo_system(text: str | bytes) -> MeminfoSystem:
    """Any of the three forms; ParseError if there is neither a process nor a total."""
    text = clean(text)
    notes = Notes()
    lines = text.split("\n")
    gathered = _Gathered()
    if any(_PROCRANK_HEAD.match(line) for line in lines):
        source = "procrank"
        _procrank(lines, gathered, notes)
    elif any(_COMPACT.match(line) or _COMPACT_TOTAL.match(line) for line in lines):
        source = "compact"
        _compact(lines, gathered, notes)
    else:
        source = "dumpsys meminfo"
        _full(lines, gathered, notes)
    if not gathered.names and not any(value is not None for value in gathered.totals.values()):
        raise refuse("meminfo-system", text)
    return gathered.result(source, notes)


def _full(lines: list[str], gathered: _Gathered, notes: Notes) -> None:
    what = ""
    for line in lines:
        if section := _SECTION.match(line):
            # The other sections list the same processes again, by importance.
            what = section[1] if section[2] == "process" else ""
        elif total := _TOTAL.match(line):
            name = total[1].lower()
            gathered.totals.setdefault(name, size_bytes(total[2], "k", signed=name == "lost"))
        elif zram := _ZRAM.match(line):
            gathered.totals.setdefault("zram", size_bytes(zram[1], "k"))
        elif what and (process := _PROCESS.match(line)):
            gathered.add(what, int(process[3]), process[2], size_bytes(process[1], "k"), notes)


def _compact(lines: list[str], gathered: _Gathered, notes: Notes) -> None:
    for line in lines:
        if process := _COMPACT.match(line):
            gathered.add("PSS", int(process[2]), process[1], kib_bytes(process[3]), notes)
        elif total := _COMPACT_TOTAL.match(line):
            values = [_size(value, total[1], notes) for value in total.groups()[1:]]
            if total[1] == "ram":
                values = _in_kib_or_bytes(values, notes)
                gathered.totals |= {"total": values[0], "free": values[1], "used": values[2]}
            else:
                gathered.totals["lost" if total[1] == "lostram" else "zram"] = values[0]


def _size(text: str | None, line: str, notes: Notes) -> int | None:
    size = None if text is None else kib_bytes(text, signed=line in ("lostram", "ram"))
    if text is not None and size is None:
        notes.warn(f"line {line}: {text} is no size")
    return size


def _in_kib_or_bytes(values: list[int | None], notes: Notes) -> list[int | None]:
    """The sizes of line `ram`: some versions print bytes there, which as KiB no phone has."""
    if values[0] is None or values[0] < _MOST_RAM_BYTES:
        return values
    notes.warn("line ram is taken as bytes: as KiB no phone has so much memory")
    return [None if value is None else value // KIB for value in values]


def _procrank(lines: list[str], gathered: _Gathered, notes: Notes) -> None:
    for line in lines:
        if row := _PROCRANK_ROW.match(line):
            pid, (_, rss, pss) = int(row[1]), [integer(cell[:-1]) for cell in row[2].split()[:3]]
            if rss is None or pss is None:
                continue
            if pss > rss + 1:
                notes.warn(f"pid {pid}: Pss above Rss cannot be: neither is reported")
                gathered.names.setdefault(pid, row[3].strip())
                continue
            gathered.add("PSS", pid, row[3].strip(), in_range(pss * KIB), notes)
            gathered.add("RSS", pid, row[3].strip(), in_range(rss * KIB), notes)
        elif zram := _ZRAM.match(line):
            gathered.totals.setdefault("zram", size_bytes(zram[1], "k"))
        elif ram := _PROCRANK_RAM.match(line):
            gathered.totals |= {"total": kib_bytes(ram[1]), "free": kib_bytes(ram[2])}
