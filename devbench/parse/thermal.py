"""Temperatures: `dumpsys thermalservice` (10+), `hardware_properties` (7 to 9), sysfs thermal zones."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.quantity import decimal, integer
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_STATUS = re.compile(r"[ \t]{0,16}Thermal Status:[ \t]{0,8}(-?[0-9]{1,4})\b", re.IGNORECASE)
_TEMPERATURE = re.compile(
    r"Temperature\{mValue=([^,{}]{1,40}), ?mType=(-?[0-9]{1,6}), ?mName=([^{}]{0,120}?),"
    r" ?mStatus=(-?[0-9]{1,6})\}"
)
_COOLING = re.compile(r"CoolingDevice\{mValue=(-?[0-9]{1,18}), ?mType=-?[0-9]{1,6}, ?mName=([^{}]{0,120})\}")
_PROPERTY = re.compile(r"[ \t]{0,16}(CPU|GPU|Battery|Skin) temperatures:[ \t]{0,8}\[([^\]]{0,4000})\]")
# `grep .` prints path:value, `head` a heading with the path above the value.
_FILE = (
    r"(?:/[a-z/]{0,64}/)?"
    r"(?:(thermal_zone)([0-9]{1,4})/(type|temp)|(cooling_device)([0-9]{1,4})/(type|cur_state))"
)
_ZONE = re.compile(rf"[ \t]{{0,16}}{_FILE}(?:[ \t]{{0,4}}[:=][ \t]{{0,4}}|[ \t]{{1,8}})(\S.{{0,80}})")
_ZONE_HEADING = re.compile(rf"(?:==> )?{_FILE}:?(?: <==)?")
# android.os.Temperature and HardwarePropertiesManager count these alike.
_TYPES = {"CPU": 0, "GPU": 1, "Battery": 2, "Skin": 3}
# Types 6 to 8 are the battery's voltage, current and charge; Samsung counts its types, named TYPE_…, otherwise.
_NO_TEMPERATURES = frozenset({6, 7, 8})
_NOT_READY = re.compile(r"^[ \t]{0,8}HAL Ready: false", re.MULTILINE)
_COLDEST_C, _HOTTEST_C = -40.0, 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperature:
    """One sensor: `type` is Android's number (0 CPU, 1 GPU, 2 battery, 3 skin, …), `status` 0 to 6."""

    name: str | None
    type: int | None
    value_c: float | None
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingDevice:
    """One cooling device; a value above 0 means that it is throttling something."""

    name: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thermal:
    """The thermal status (0 none to 6 shutdown) and what the sensors say."""

    source: str
    status: int | None
    temperatures: tuple[Temperature, ...]
    cooling_devices: tuple[CoolingDevice, ...]
    warnings: tuple[str, ...] = ()


def parse_thermal(text: str | bytes) -> Thermal:
    """Any of the three formats; ParseError if none is there."""
    text = clean(text)
    lines = text.split("\n")
    if any(_STATUS.match(line) or "mValue=" in line for line in lines):
        return _thermalservice(lines, text)
    if any(_PROPERTY.match(line) for line in lines):
        return _hardware_properties(lines)
    if files := _zone_files(lines):
        return _zones(files)
    raise refuse("thermal", text)


def _thermalservice(lines: list[str], text: str) -> Thermal:
    notes = Notes()
    status: int | None = None
    section = ""
    found: dict[str, list[Temperature]] = {"cached": [], "hal": []}
    cooling: list[CoolingDevice] = []
    for line in lines:
        match = _STATUS.match(line)
        if match and status is None:
            status = int(match[1])
        section = _section(line, section)
        sensor, device = _TEMPERATURE.search(line[:400]), _COOLING.search(line[:400])
        if sensor and section in found:
            found[section].append(_temperature(sensor, notes))
        elif device and section == "cooling":
            cooling.append(CoolingDevice(name=device[2], value=int(device[1])))
        elif "mValue=" in line[:400]:
            notes.warn(f"not understood: {line.strip()[:80]!r}")
    if status is None:
        notes.missing(["Thermal Status"])
    elif not 0 <= status <= 6:
        notes.warn(f"Thermal Status {status} is outside 0 to 6")
        status = None
    temperatures = found["hal"]
    if not temperatures and found["cached"]:
        notes.warn("no current temperatures: those cached by the service are reported and may be old")
        temperatures = found["cached"]
    if status is None and not temperatures:
        raise refuse("thermal", text)
    if _NOT_READY.search(text):
        notes.warn("the thermal HAL is not ready: the status may mean nothing")
    if "IsStatusOverride: true" in text:
        notes.warn("the status is overridden by hand")
    return Thermal(
        source="dumpsys thermalservice",
        status=status,
        temperatures=tuple(temperatures),
        cooling_devices=tuple(cooling),
        warnings=notes.done(),
    )


def _section(line: str, before: str) -> str:
    heading = line.strip()[:80].lower()
    if heading.startswith("cached temperatures"):
        return "cached"
    if heading.startswith("current temperatures"):
        return "hal"
    if heading.startswith("current cooling devices"):
        return "cooling"
    # Thresholds hold temperatures too, none of them measured.
    return (
        "other" if heading.startswith(("temperature static", "temperature headroom", "hal ready")) else before
    )


def _temperature(match: re.Match[str], notes: Notes) -> Temperature:
    name, status = match[3].strip(), int(match[4])
    if not 0 <= status <= 6:
        notes.warn(f"status {status} of {name} is outside 0 to 6")
    kind = int(match[2])
    if kind in _NO_TEMPERATURES and not name.startswith("TYPE_"):
        notes.warn(f"{name}: type {kind} is no temperature, but the battery's voltage, current or charge")
        value_c = None
    else:
        value_c = _plausible_c(match[1], name, notes)
    return Temperature(
        name=name or None,
        type=kind,
        value_c=value_c,
        status=status if 0 <= status <= 6 else None,
    )


def _plausible_c(text: str, name: str, notes: Notes) -> float | None:
    """°C; thousandths are recognised, and what no sensor of a phone can say (NaN, -3.4E38) is None."""
    value = decimal(text)
    if value is not None and _COLDEST_C <= value <= _HOTTEST_C:
        return value
    if value is not None and value > _HOTTEST_C and 5 <= value / 1000 <= _HOTTEST_C:
        notes.warn(f"{name}: {text.strip()} is taken as thousandths of °C")
        return value / 1000
    notes.warn(f"{name}: {text.strip()!r} is no temperature")
    return None


def _hardware_properties(lines: list[str]) -> Thermal:
    notes = Notes()
    temperatures: list[Temperature] = []
    for line in lines:
        match = _PROPERTY.match(line)
        if match is None:
            continue
        values = [value.strip() for value in match[2].split(",") if value.strip()]
        for index, value in enumerate(values):
            name = match[1] if len(values) == 1 else f"{match[1]}{index}"
            value_c = _plausible_c(value, name, notes)
            temperatures.append(Temperature(name=name, type=_TYPES[match[1]], value_c=value_c, status=None))
    notes.missing(["Thermal Status"], "before Android 10 there is none")
    if not temperatures:
        notes.warn("the phone reports no temperatures: all lists are empty")
    return Thermal(
        source="dumpsys hardware_properties",
        status=None,
        temperatures=tuple(temperatures),
        cooling_devices=(),
        warnings=notes.done(),
    )


def _zone_files(lines: list[str]) -> dict[tuple[str, int], dict[str, str]]:
    """The files of zones and cooling devices by (kind, number), in order of first sight."""
    found: dict[tuple[str, int], dict[str, str]] = {}
    waiting: dict[str, str] | None = None
    for line in lines:
        match, heading = _ZONE.fullmatch(line), _ZONE_HEADING.fullmatch(line.strip())
        if what := match or heading:
            files = found.setdefault((what[1] or what[4], int(what[2] or what[5])), {})
            key = what[3] or what[6]
            waiting = None if match else files
            files.setdefault(key, match[7].strip() if match else "")
        elif waiting is not None and line.strip():
            waiting[key] = line.strip()
            waiting = None
    return found


def _zones(files: dict[tuple[str, int], dict[str, str]]) -> Thermal:
    """What the kernel says; drivers print thousandths, tenths or whole °C."""
    notes = Notes()
    temperatures: list[Temperature] = []
    cooling: list[CoolingDevice] = []
    for (kind, number), values in sorted(files.items()):
        name = values.get("type") or f"{kind}{number}"
        if kind == "thermal_zone":
            value_c = _zone_c(values.get("temp", ""), name, notes)
            temperatures.append(Temperature(name=name, type=None, value_c=value_c, status=None))
        elif (state := integer(values.get("cur_state", ""))) is not None and state >= 0:
            cooling.append(CoolingDevice(name=name, value=state))
    notes.missing(["Thermal Status"])
    return Thermal(
        source="sysfs thermal zones",
        status=None,
        temperatures=tuple(temperatures),
        cooling_devices=tuple(cooling),
        warnings=notes.done(),
    )


def _zone_c(text: str, name: str, notes: Notes) -> float | None:
    raw = integer(text)
    if raw is None:
        notes.warn(f"{name}: no temperature")
        return None
    if abs(raw) >= 5000 and _COLDEST_C <= raw / 1000 <= 150:
        return raw / 1000
    units = [
        (unit, divisor) for unit, divisor in (("°C", 1), ("tenths of °C", 10)) if 10 <= raw / divisor <= 120
    ]
    if len(units) == 1:
        unit, divisor = units[0]
        notes.warn(f"{name}: {raw} is taken as {unit}; the kernel's rule is thousandths")
        return raw / divisor
    notes.warn(f"{name}: {raw} is plausible in {'two units' if units else 'no unit'}")
    return None
