"""`dumpsys cpuinfo`: who used the CPU since anyone last asked, in the words of ProcessCpuTracker.

The processes, times and faults are the phone's real ones; the load is the host's, which is the truth.
"""

from __future__ import annotations

import os
import time

from devbench.virtual.android.call import Call
from devbench.virtual.android.handset import Process

_DATES_SDK = 24


async def dump(call: Call, _words: list[str]) -> int:
    handset = call.handset
    now_s, wall_s = handset.clock.now_s(), handset.clock.wall_s()
    living, _ = await handset.processes()
    before, since_s = handset.last_processes, handset.last_scan_s
    handset.last_processes, handset.last_scan_s = {p.pid: p for p in living}, now_s
    elapsed_s = max(now_s - since_s, 0.01)
    window_ticks = elapsed_s * os.sysconf("SC_CLK_TCK")
    load = (await handset.read_text("/proc/loadavg")).split()[:3]
    call.print(f"Load: {' / '.join(f'{float(value):g}' for value in load)}")
    dates = ""
    if handset.profile.sdk >= _DATES_SDK:
        dates = f" ({stamp(wall_s - elapsed_s)} to {stamp(wall_s)})"
    call.print(f"CPU usage from {round(elapsed_s * 1000)}ms to 0ms ago{dates}:")
    rows = []
    for process in living:
        rows.append((*used(process, before.get(process.pid)), await handset.process_name(process), process))
    user_sum = sum(row[0] for row in rows)
    kernel_sum = sum(row[1] for row in rows)
    for user, kernel, name, process in sorted(rows, key=lambda row: -(row[0] + row[1])):
        call.print(line(user, kernel, window_ticks, name, process, before.get(process.pid)))
    cores = os.cpu_count() or 1
    total = user_sum + kernel_sum
    scale = window_ticks * cores
    call.print(
        f"{share(total, scale)}% TOTAL: {share(user_sum, scale)}% user + {share(kernel_sum, scale)}% kernel"
    )
    return 0


def used(process: Process, before: Process | None) -> tuple[int, int]:
    """User and kernel ticks since the last look; all of them for a process that is new."""
    if before is None:
        return process.utime_ticks, process.stime_ticks
    return process.utime_ticks - before.utime_ticks, process.stime_ticks - before.stime_ticks


def line(user: int, kernel: int, window: float, name: str, process: Process, before: Process | None) -> str:
    new = "+" if before is None else ""
    text = f"  {new}{share(user + kernel, window)}% {process.pid}/{name}: "
    text += f"{share(user, window)}% user + {share(kernel, window)}% kernel"
    minor = process.minor_faults - (before.minor_faults if before else 0)
    major = process.major_faults - (before.major_faults if before else 0)
    if minor or major:
        text += " / faults:" + (f" {minor} minor" if minor else "") + (f" {major} major" if major else "")
    return text


def share(part: float, whole: float) -> str:
    """As ProcessCpuTracker rounds: whole percents from 10 on, one decimal below, `0` for nothing."""
    tenths = int(part * 1000 / whole) if whole else 0
    return str(tenths // 10) if tenths >= 100 or tenths % 10 == 0 else f"{tenths / 10:.1f}"


def stamp(wall_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(wall_s)) + f".{int(wall_s * 1000) % 1000:03d}"
