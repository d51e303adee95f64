"""What is read around every process beside `devices.state`: screen, clock limits, CPU work; two cheap looks.

`settings` and `cmd` are not among them: on old phones each starts a Java program of half a second.
"""

from __future__ import annotations

import dataclasses
import re

from devbench.conditions.load import STAT_SCRIPT, parse_cpu_lines
from devbench.conditions.screen import POWER_SCRIPT, parse_screen_on
from devbench.conditions.sections import parse_sections
from devbench.domain.device import DeviceInfo, DeviceState

# `read` is the shell's own: no process is started for it
_LIMITS = (
    "for c in /sys/devices/system/cpu/cpu[0-9]*/cpufreq; do l=; h=; read -r l <$c/scaling_min_freq; "
    'read -r h <$c/scaling_max_freq; echo "$c $l $h"; done'
)


def run_script(info: DeviceInfo, *, services: bool = True) -> str:
    """Shell text to put before `state_script`, in one command with it; `add_run_look` reads both outputs.

    Without `services` only files are read, as by `state_script`.
    """
    parts = [f"echo '== busy'; {STAT_SCRIPT}", f"echo '== limits'; {_LIMITS}"]
    if info.sdk is not None and services:
        parts.append(f"echo '== screen'; {POWER_SCRIPT}")
    # the last section is closed so that what follows is not taken for a part of it
    return "(" + "; ".join(parts) + "; echo '== next') 2>/dev/null"


def add_run_look(state: DeviceState, text: str) -> DeviceState:
    """`state` with what `run_script` printed in `text`; reasons for what it did not."""
    sections, missing = parse_sections(text), dict(state.missing)
    lowest, highest = parse_limits(sections.get("limits", ""))
    screen_on = parse_screen_on(sections.get("screen", ""))
    busy = parse_cpu_lines(sections.get("busy", ""))
    if not highest:
        missing["scaling_max_khz"] = "no cpufreq folder may be read"
    if screen_on is None:
        missing["screen_on"] = "dumpsys power does not say"
    if not busy:
        missing["cpu_busy_s"] = "/proc/stat may not be read"
    return dataclasses.replace(
        state,
        screen_on=screen_on,
        scaling_min_khz=lowest,
        scaling_max_khz=highest,
        cpu_busy_s=busy,
        missing=missing,
    )


def parse_limits(text: str) -> tuple[dict[str, int], dict[str, int]]:
    """Lowest and highest clock allowed now, in kHz by CPU."""
    rows = re.findall(r"/cpu(\d+)/cpufreq (\d+) (\d+)\s*$", text, re.MULTILINE)
    return {cpu: int(low) for cpu, low, _ in rows}, {cpu: int(high) for cpu, _, high in rows}
