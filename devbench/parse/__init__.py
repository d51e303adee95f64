"""Texts from phones and tools to values: the only place that converts foreign units; pure, in linear time.

`parse(kind, text)` for any kind by name, `parse_battery(text)` and its like for typed values. What is not
understood is None with a warning that says why, or the whole text is refused by a ParseError with a `reason`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devbench.errors import ParseError
from devbench.parse.battery import Battery, parse_battery
from devbench.parse.benchmark_model import BenchmarkLog, BenchmarkRun, parse_benchmark_model
from devbench.parse.cpufreq import CpuFreq, parse_cpufreq
from devbench.parse.cpuinfo import Cpuinfo, CpuProcess, parse_cpuinfo
from devbench.parse.exit_event import ExitEvent
from devbench.parse.exits import Exits, parse_exit
from devbench.parse.getprop import Properties, parse_getprop, parse_properties
from devbench.parse.guess import guess_kind
from devbench.parse.meminfo import Meminfo, parse_meminfo
from devbench.parse.meminfo_system import MeminfoSystem, ProcessMemory, parse_meminfo_system
from devbench.parse.parsed import Parsed, as_parsed
from devbench.parse.procfs import ProcStat, ProcStatus, Smaps, parse_procstat, parse_procstatus, parse_smaps
from devbench.parse.procsystem import (
    CpuinfoCore,
    ProcCpuinfo,
    ProcMeminfo,
    parse_proc_cpuinfo,
    parse_proc_meminfo,
)
from devbench.parse.ps import Ps, PsProcess, parse_ps
from devbench.parse.thermal import CoolingDevice, Temperature, Thermal, parse_thermal
from devbench.parse.top import Top, TopProcess, parse_top

_PARSERS: dict[str, Callable[[str | bytes], Any]] = {
    "battery": parse_battery,
    "meminfo": parse_meminfo,
    "meminfo-system": parse_meminfo_system,
    "cpuinfo": parse_cpuinfo,
    "thermal": parse_thermal,
    "getprop": parse_properties,
    "procstat": parse_procstat,
    "procstatus": parse_procstatus,
    "proc-meminfo": parse_proc_meminfo,
    "proc-cpuinfo": parse_proc_cpuinfo,
    "smaps": parse_smaps,
    "cpufreq": parse_cpufreq,
    "top": parse_top,
    "ps": parse_ps,
    "exit": parse_exit,
    "benchmark_model": parse_benchmark_model,
}
KINDS: tuple[str, ...] = tuple(_PARSERS)


def parse(kind: str, text: str | bytes) -> Parsed:
    """`text` as `kind` (one of KINDS); ParseError with a named reason if it is not understood."""
    parser = _PARSERS.get(kind)
    if parser is None:
        raise ParseError(f"no kind {kind!r}; there are: {', '.join(KINDS)}", reason="unknown-kind")
    try:
        return as_parsed(kind, parser(text))
    except ParseError as error:
        if error.reason not in ("not-understood", "no-exit"):
            raise
        other = _other_kind(kind, text)
        if other is None:
            raise
        raise ParseError(f"{kind}: the text looks like {other}", reason="other-kind") from error


def _other_kind(kind: str, text: str | bytes) -> str | None:
    """The kind that a refused text has by its looks, if that is another one."""
    try:
        guessed = guess_kind(text)
    except ParseError:
        return None
    return guessed if guessed != kind else None


__all__ = [
    "KINDS",
    "Battery",
    "BenchmarkLog",
    "BenchmarkRun",
    "CoolingDevice",
    "CpuFreq",
    "CpuProcess",
    "Cpuinfo",
    "CpuinfoCore",
    "ExitEvent",
    "Exits",
    "Meminfo",
    "MeminfoSystem",
    "Parsed",
    "ProcCpuinfo",
    "ProcMeminfo",
    "ProcStat",
    "ProcStatus",
    "ProcessMemory",
    "Properties",
    "Ps",
    "PsProcess",
    "Smaps",
    "Temperature",
    "Thermal",
    "Top",
    "TopProcess",
    "guess_kind",
    "parse",
    "parse_battery",
    "parse_benchmark_model",
    "parse_cpufreq",
    "parse_cpuinfo",
    "parse_exit",
    "parse_getprop",
    "parse_meminfo",
    "parse_meminfo_system",
    "parse_proc_cpuinfo",
    "parse_proc_meminfo",
    "parse_procstat",
    "parse_procstatus",
    "parse_properties",
    "parse_ps",
    "parse_smaps",
    "parse_thermal",
    "parse_top",
]
