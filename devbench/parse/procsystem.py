"""/proc/meminfo and /proc/cpuinfo: what the whole phone has, on kernels from 2.6 to 6."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.quantity import decimal, integer, size_bytes
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_MEMINFO = re.compile(r"[ \t]{0,16}([A-Z][A-Za-z0-9_()]{1,40}):[ \t]{0,32}(\S.{0,40}?)?[ \t]{0,32}")
_CPUINFO = re.compile(r"([A-Za-z][A-Za-z0-9_ ]{1,40}?)[ \t]{0,32}:[ \t]{0,8}(.{0,400}?)[ \t]{0,32}")
_MEMINFO_KEYS = {
    "mem_total_bytes": "MemTotal", "mem_free_bytes": "MemFree", "mem_available_bytes": "MemAvailable",
    "buffers_bytes": "Buffers", "cached_bytes": "Cached", "swap_total_bytes": "SwapTotal",
    "swap_free_bytes": "SwapFree",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcMeminfo:
    """/proc/meminfo; kernels before 3.14 have no MemAvailable."""

    source: str
    mem_total_bytes: int | None
    mem_free_bytes: int | None
    mem_available_bytes: int | None
    buffers_bytes: int | None
    cached_bytes: int | None
    swap_total_bytes: int | None
    swap_free_bytes: int | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuinfoCore:
    """One CPU; implementer, part and variant are hexadecimal codes as the kernel prints them (`0x51`)."""

    processor: int | None
    implementer: str | None
    part: str | None
    variant: str | None
    bogomips: float | None
    model_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcCpuinfo:
    """/proc/cpuinfo; CPUs that are offline are not in it."""

    source: str
    hardware: str | None
    cores: tuple[CpuinfoCore, ...]
    warnings: tuple[str, ...] = ()


def parse_proc_meminfo(text: str | bytes) -> ProcMeminfo:
    """Sizes of /proc/meminfo; ParseError if neither MemTotal nor MemFree is there."""
    text = clean(text)
    notes = Notes()
    sizes: dict[str, int | None] = {}
    for line in text.split("\n"):
        match = _MEMINFO.fullmatch(line)
        if match is None or match[1] not in _MEMINFO_KEYS.values() or match[1] in sizes:
            continue
        value = match[2] or ""
        sizes[match[1]] = size_bytes(value) if value[-1:] in ("B", "b") else None
        if sizes[match[1]] is None:
            notes.warn(f"{match[1]} {value!r} is no size with its unit: cut or damaged")
    if "MemTotal" not in sizes and "MemFree" not in sizes:
        raise refuse("proc-meminfo", text)
    missing = [key for key in _MEMINFO_KEYS.values() if key not in sizes]
    notes.missing(missing, "kernels before 3.14 have none" if missing == ["MemAvailable"] else "")
    values = {name: sizes.get(key) for name, key in _MEMINFO_KEYS.items()}
    total = values["mem_total_bytes"]
    for name in ("mem_free_bytes", "mem_available_bytes", "cached_bytes", "buffers_bytes"):
        value = values[name]
        if total is not None and value is not None and value > total:
            notes.warn(f"{_MEMINFO_KEYS[name]} is larger than MemTotal: not reported")
            values[name] = None
    return ProcMeminfo(source="/proc/meminfo", warnings=notes.done(), **values)


def parse_proc_cpuinfo(text: str | bytes) -> ProcCpuinfo:
    """CPUs of /proc/cpuinfo in order; ParseError if it names none."""
    text = clean(text)
    notes = Notes()
    blocks: list[dict[str, str]] = []
    common: dict[str, str] = {}
    for line in text.split("\n"):
        match = _CPUINFO.fullmatch(line.strip(" \t"))
        if match is None:
            continue
        # 32-bit ARM kernels begin with "Processor : ARMv7 …", the name of all; "processor : 0" begins a CPU.
        key = match[1] if match[1] == "Processor" else match[1].lower()
        if key == "processor":
            blocks.append({key: match[2]})
        elif key in ("Processor", "hardware", "revision", "serial") or not blocks:
            common.setdefault(key, match[2])
        else:
            blocks[-1].setdefault(key, match[2])
    if not blocks and {"cpu implementer", "bogomips"} & set(common):
        blocks = [{}]
        notes.warn("no 'processor' line: a kernel for one CPU")
    if not blocks:
        raise refuse("proc-cpuinfo", text)
    _share_common(blocks, common, notes)
    if "hardware" not in common:
        notes.missing(["Hardware"])
    return ProcCpuinfo(
        source="/proc/cpuinfo",
        hardware=common.get("hardware") or None,
        cores=tuple(_core(block, notes) for block in blocks),
        warnings=notes.done(),
    )


def _share_common(blocks: list[dict[str, str]], common: dict[str, str], notes: Notes) -> None:
    """Give every CPU what an old 32-bit kernel prints once, before or after all of them."""
    keys = ("cpu implementer", "cpu part", "cpu variant", "bogomips")
    holders = [block for block in blocks if "cpu implementer" in block]
    if len(blocks) > 1 and holders == [blocks[-1]]:
        common = {**common, **{key: value for key, value in blocks[-1].items() if key.startswith("cpu ")}}
    if len(holders) <= 1 and "cpu implementer" in common:
        if len(blocks) > 1:
            notes.warn("the kernel prints implementer and part once: reported for every CPU")
        for block in blocks:
            for key in keys:
                if key in common:
                    block.setdefault(key, common[key])


def _core(block: dict[str, str], notes: Notes) -> CpuinfoCore:
    processor = integer(block.get("processor", ""))
    if processor is None and "processor" in block:
        notes.warn(f"processor {block['processor'][:40]!r} is no number")
    return CpuinfoCore(
        processor=processor,
        implementer=block.get("cpu implementer") or None,
        part=block.get("cpu part") or None,
        variant=block.get("cpu variant") or None,
        bogomips=decimal(block.get("bogomips", "")),
        model_name=block.get("model name") or None,
    )
