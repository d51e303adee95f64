"""How busy a phone is with other things, from two looks at /proc/stat, because dumpsys cpuinfo disturbs."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from devbench.errors import ParseError
from devbench.parse import parse_procstat

# USER_HZ, the unit of every count of CPU time in /proc; 100 on every Android and every usual Linux
TICKS_PER_S = 100
SHOWN = 3
_SHOWN_PCT = 1.0
# builtins only: no process is started for it, and the long lines of interrupts stay on the phone
STAT_SCRIPT = 'while read -r l; do case "$l" in cpu*) echo "$l";; *) break;; esac; done </proc/stat'
# shell globbing, since old phones have no find; a process that ends in between is no error
PROCESSES_SCRIPT = "cat /proc/[0-9]*/stat"


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTimes:
    """One look: seconds since the phone started, busy seconds by CPU, CPU seconds by process."""

    uptime_s: float
    by_cpu_s: dict[str, float]
    by_process_s: dict[tuple[int, str], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was used between two looks, in percent of one core; `busiest` as `name 12 %`."""

    pct: float
    window_s: float
    busiest: tuple[str, ...]


def parse_cpu_lines(text: str) -> dict[str, float]:
    """Busy seconds by CPU (`0`, `1` …) from lines of /proc/stat; empty if there are none.

    Busy are user, nice, system, interrupts and what a hypervisor took; guests are counted in user already.
    """
    found: dict[str, float] = {}
    for line in text.splitlines():
        match = re.fullmatch(r"cpu(\d+)\s+((?:\d+\s*)+)", line.strip())
        if match is None:
            continue
        ticks = [int(number) for number in match[2].split()] + [0] * 8
        user, nice, system, _idle, _iowait, irq, softirq, steal = ticks[:8]
        found[match[1]] = (user + nice + system + irq + softirq + steal) / TICKS_PER_S
    return found


def parse_cpu_times(uptime: str, stat: str, processes: str) -> CpuTimes | None:
    """One look from the texts of /proc/uptime, /proc/stat and the /proc/PID/stat; None if it is not whole."""
    seconds = re.match(r"\s*(\d+(?:\.\d+)?)\s", uptime)
    cpus = parse_cpu_lines(stat)
    if seconds is None or not cpus:
        return None
    by_process: dict[tuple[int, str], float] = {}
    for line in processes.splitlines():
        try:
            found = parse_procstat(line)
        except ParseError:
            continue
        if found.utime_ticks is not None and found.stime_ticks is not None:
            by_process[found.pid, found.comm] = (found.utime_ticks + found.stime_ticks) / TICKS_PER_S
    return CpuTimes(uptime_s=float(seconds[1]), by_cpu_s=cpus, by_process_s=by_process)


def busy_by_cpu(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Busy seconds between two looks by CPU; one that was offline at either look has no count."""
    return {cpu: max(0.0, after[cpu] - before[cpu]) for cpu in after if cpu in before}


def load_between(before: CpuTimes, after: CpuTimes, *, cpus: Collection[str] | None = None) -> Load | None:
    """What ran between two looks on `cpus` (None: all); None if no time passed (or the phone started anew).

    On which CPU a process ran is not told, so `busiest` names those of all CPUs.
    """
    window = after.uptime_s - before.uptime_s
    if window <= 0:
        return None
    used: dict[str, float] = defaultdict(float)
    for (pid, name), seconds in after.by_process_s.items():
        used[name] += 100 * (seconds - before.by_process_s.get((pid, name), 0.0)) / window
    busiest = sorted(((pct, name) for name, pct in used.items() if pct >= _SHOWN_PCT), reverse=True)
    busy = busy_by_cpu(before.by_cpu_s, after.by_cpu_s)
    return Load(
        pct=100 * sum(seconds for cpu, seconds in busy.items() if cpus is None or cpu in cpus) / window,
        window_s=window,
        busiest=tuple(f"{name} {pct:.0f} %" for pct, name in busiest[:SHOWN]),
    )
