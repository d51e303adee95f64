"""Clocks locked where root allows it: one step for all CPUs of a kind, chosen so that heat cannot take it away."""

from __future__ import annotations

import re
from dataclasses import dataclass

CPU_FOLDER = "/sys/devices/system/cpu"
_FILES = "scaling_cur_freq scaling_min_freq scaling_max_freq cpuinfo_max_freq scaling_available_frequencies"
# one line a CPU and file, in the words of `devices.probe`
CLOCKS_SCRIPT = (
    f"for c in {CPU_FOLDER}/cpu[0-9]*/cpufreq; do for f in {_FILES}; do "
    '[ -r $c/$f ] && echo "$c/$f $(cat $c/$f)"; done; done'
)
TARGET_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuClock:
    """One CPU's clock now, its limits, and the steps it has (empty where the kernel does not list them)."""

    cpu: int
    cur_khz: int | None
    min_khz: int
    max_khz: int
    hardware_max_khz: int
    steps_khz: tuple[int, ...]


def parse_clocks(text: str) -> tuple[CpuClock, ...]:
    """CPUs whose limits are readable, from the output of `CLOCKS_SCRIPT`."""
    values: dict[int, dict[str, str]] = {}
    for cpu, name, value in re.findall(r"/cpu(\d+)/cpufreq/(\w+) ([^\n]*)", text):
        values.setdefault(int(cpu), {})[name] = value.strip()
    found = []
    for cpu, files in sorted(values.items()):
        numbers = {name: int(value) for name, value in files.items() if value.isdigit()}
        if not {"scaling_min_freq", "scaling_max_freq", "cpuinfo_max_freq"} <= set(numbers):
            continue
        steps = files.get("scaling_available_frequencies", "").split()
        found.append(
            CpuClock(
                cpu=cpu,
                cur_khz=numbers.get("scaling_cur_freq"),
                min_khz=numbers["scaling_min_freq"],
                max_khz=numbers["scaling_max_freq"],
                hardware_max_khz=numbers["cpuinfo_max_freq"],
                steps_khz=tuple(sorted(int(step) for step in steps if step.isdigit())),
            )
        )
    return tuple(found)


def target_khz(clock: CpuClock) -> int | None:
    """The highest step of at most 80 % of the top, never the lowest; the top where no steps are listed.

    A chip holds four fifths of its top speed for long, which it does not do at the top. None: no choice.
    """
    if not clock.steps_khz:
        return clock.hardware_max_khz
    above_lowest = clock.steps_khz[1:]
    calm = [khz for khz in above_lowest if khz <= TARGET_SHARE * clock.hardware_max_khz]
    return calm[-1] if calm else next(iter(above_lowest), None)


def set_limits(cpu: int, low_khz: int, high_khz: int) -> str:
    """Shell text; the highest is written twice, as a kernel refuses a lowest above it and the other way round."""
    folder = f"{CPU_FOLDER}/cpu{cpu}/cpufreq"
    highest = f"echo {high_khz} >{folder}/scaling_max_freq"
    return f"{{ {highest}; echo {low_khz} >{folder}/scaling_min_freq; {highest}; }} 2>/dev/null"


def held(clock: CpuClock, khz: int) -> bool:
    """Whether the lock holds: clock = lowest = highest = what was asked, and not the lowest step."""
    lowest = bool(clock.steps_khz) and khz <= clock.steps_khz[0]
    return clock.min_khz == clock.max_khz == khz and clock.cur_khz in (khz, None) and not lowest
