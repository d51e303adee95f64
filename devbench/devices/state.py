"""How a phone is now, in one script of a few milliseconds: battery, temperatures, clocks, memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devbench.domain.device import DeviceInfo, DeviceState
from devbench.errors import ParseError
from devbench.parse import parse
from devbench.units import celsius

if TYPE_CHECKING:
    from devbench.adb import Phone

THERMAL_SERVICE_SDK = 29
# `read` is the shell's own, while each `cat` is a process: 10 ms on an old phone, and a phone has 50 zones
_ZONES = (
    "for z in /sys/class/thermal/thermal_zone*; do t=; v=; read -r t <$z/type; read -r v <$z/temp; "
    'echo "$z $t $v"; done'
)
_CLOCKS = (
    "for c in /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq; do v=; read -r v <$c; "
    'echo "$c $v"; done'
)
_UPTIME = 'read -r u </proc/uptime; echo "$u"'
_MEMORY = 'while read -r l; do echo "$l"; done </proc/meminfo'


def state_script(info: DeviceInfo, *, services: bool = True) -> str:
    """The shell text whose output `parse_state` understands; what the Android release lacks is left out.

    Without `services` only files are read: dumpsys talks to the system server, which may hang on its own.
    """
    parts = [
        f"echo '== uptime'; {_UPTIME}",
        f"echo '== meminfo'; {_MEMORY}",
        f"echo '== zones'; {_ZONES}",
        f"echo '== clocks'; {_CLOCKS}",
    ]
    if info.sdk is not None and services:
        parts.append("echo '== battery'; dumpsys battery")
        if info.sdk >= THERMAL_SERVICE_SDK:
            parts.append("echo '== thermal'; dumpsys thermalservice")
    return "(" + "; ".join(parts) + "; echo '== end') 2>/dev/null"


def read_state(phone: Phone, info: DeviceInfo) -> DeviceState:
    """The phone's state at this moment; fields that could not be read are None, with the reason."""
    return parse_state(phone.shell(state_script(info)).stdout, info)


@dataclass
class _Reading:
    sections: dict[str, str]
    missing: dict[str, str] = field(default_factory=dict)

    def values(self, kind: str, section: str, fields: tuple[str, ...]) -> Mapping[str, object]:
        """Values of one section by its parser; each field's absence gets a reason."""
        text = self.sections.get(section)
        if text is None:
            self.missing.update(dict.fromkeys(fields, f"nothing on this phone was asked for {section}"))
            return {}
        try:
            return parse(kind, text).values
        except ParseError as error:
            self.missing.update(dict.fromkeys(fields, error.message))
            return {}


def parse_state(text: str, info: DeviceInfo) -> DeviceState:
    """`DeviceState` from the output of `state_script`."""
    parts = re.split(r"== (\w+)\s*\n", text)
    reading = _Reading(dict(zip(parts[1::2], parts[2::2], strict=False)))
    battery = reading.values(
        "battery", "battery", ("battery_level_pct", "battery_temperature_c", "battery_status", "plugged")
    )
    thermal = reading.values("thermal", "thermal", ("thermal_status",))
    memory = reading.values("proc-meminfo", "meminfo", ("mem_available_bytes",))
    uptime = re.match(r"\s*(\d+(?:\.\d+)?)", reading.sections.get("uptime", ""))
    temperatures = _zones(reading.sections.get("zones", ""))
    for entry in _dicts(thermal.get("temperatures")):
        if isinstance(entry.get("value_c"), float | int):
            temperatures.setdefault(str(entry.get("name")), float(str(entry["value_c"])))
    if not temperatures:
        reading.missing["temperatures_c"] = "no thermal zone may be read"
    return DeviceState(
        taken_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        uptime_s=float(uptime[1]) if uptime else None,
        battery_level_pct=_number(battery.get("level_pct")),
        battery_temperature_c=_number(battery.get("temperature_c")),
        battery_status=_text(battery.get("status")),
        plugged=_text(battery.get("plugged")),
        thermal_status=_integer(thermal.get("status")),
        temperatures_c=temperatures,
        cpu_khz=_clocks(reading.sections.get("clocks", "")),
        mem_available_bytes=_integer(memory.get("mem_available_bytes")),
        missing=reading.missing,
    )


def _zones(text: str) -> dict[str, float]:
    """Zones in °C."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        match = re.match(r"/sys/class/thermal/thermal_zone(\d+) (.+) (-?\d+)$", line.strip())
        if match is None:
            continue
        value = celsius(int(match[3]))
        if value is not None:
            name = match[2].strip()
            found[name if name not in found else f"{name}#{match[1]}"] = value
    return found


def _clocks(text: str) -> dict[str, int]:
    matches = re.findall(r"/cpu(\d+)/cpufreq/scaling_cur_freq (\d+)", text)
    return {cpu: int(khz) for cpu, khz in matches}


def _dicts(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list | tuple) else []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
