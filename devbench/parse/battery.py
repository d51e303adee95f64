"""`dumpsys battery`, or a battery's sysfs `uevent`, as one state; vendors deviate from Android's units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devbench.parse.quantity import decimal, integer
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

# Numbers of android.os.BatteryManager.
_STATUS = {1: "unknown", 2: "charging", 3: "discharging", 4: "not-charging", 5: "full"}
_HEALTH = {
    1: "unknown",
    2: "good",
    3: "overheat",
    4: "dead",
    5: "over-voltage",
    6: "unspecified-failure",
    7: "cold",
}
# The order in which Android itself names one source where several are on.
_SOURCES = ("ac", "usb", "wireless", "dock")
_LINE = re.compile(r"[ \t]{0,32}([A-Za-z][A-Za-z _]{0,40}?)[ \t]{0,8}:[ \t]{0,16}(\S.{0,64}?)?[ \t]{0,64}")
_UEVENT = re.compile(r"[ \t]{0,16}POWER_SUPPLY_([A-Z_]{1,40})=(.{0,64})")
_HEADER = "battery service state"
# Unit, its divisor, and the °C that a battery in use usually has.
_TEMPERATURE_UNITS = (
    ("tenths of °C", 10.0, 10, 70),
    ("°C", 1.0, 15, 50),
    ("thousandths of °C", 1000.0, 10, 70),
    ("hundredths of °C", 100.0, 10, 70),
)
_KEYS = {
    "ac powered", "usb powered", "wireless powered", "dock powered", "charge counter", "status", "health",
    "present", "level", "scale", "voltage", "temperature",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery at one moment; `plugged` is the source Android would name if several are on."""

    source: str
    level_pct: float | None
    temperature_c: float | None
    voltage_mv: int | None
    status: str | None
    plugged: str | None
    health: str | None
    charge_uah: int | None
    warnings: tuple[str, ...] = ()


def parse_battery(text: str | bytes) -> Battery:
    """The state that `dumpsys battery` or sysfs `uevent` prints; ParseError without a level or status."""
    text = clean(text)
    notes = Notes()
    if "POWER_SUPPLY_" in text:
        source, values = "uevent", _uevent_values(text)
    else:
        source, values = "dumpsys battery", _dumpsys_values(text, notes)
    if not {"level", "status", "ac powered", "usb powered"} & set(values) or len(values) < 2:
        raise refuse("battery", text)
    voltage_mv = _voltage_mv(values, source, notes)
    return Battery(
        source=source,
        level_pct=_level_pct(values, notes),
        temperature_c=_temperature_c(values, voltage_mv, notes),
        voltage_mv=voltage_mv,
        status=_word(values, "status", _STATUS, notes),
        plugged=_plugged(values, source, notes),
        health=_word(values, "health", _HEALTH, notes),
        charge_uah=_charge_uah(values, notes),
        warnings=notes.done(),
    )


def _dumpsys_values(text: str, notes: Notes) -> dict[str, str]:
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _HEADER in line[:200].lower()]
    if len(starts) > 1:
        notes.warn(f"{len(starts)} states in the text: the first is reported")
        lines = lines[: starts[1]]
    elif not starts:
        notes.warn("the heading 'Current Battery Service state' is missing: the text may be cut at its head")
    values: dict[str, str] = {}
    for line in lines[starts[0] + 1 :] if starts else lines:
        match = _LINE.fullmatch(line)
        key = " ".join(match[1].lower().replace("_", " ").split()) if match else ""
        if match and key in _KEYS and key not in values:
            values[key] = match[2] or ""
    if any("UPDATES STOPPED" in line for line in lines):
        notes.warn("updates are stopped ('cmd battery reset' restarts them): the values were set by hand")
    return values


def _uevent_values(text: str) -> dict[str, str]:
    names = {
        "CAPACITY": "level", "STATUS": "status", "HEALTH": "health", "VOLTAGE_NOW": "voltage",
        "TEMP": "temperature",
        "CHARGE_COUNTER": "charge counter", "CHARGE_NOW": "charge counter", "PRESENT": "present",
    }  # fmt: skip
    values: dict[str, str] = {}
    for line in text.split("\n"):
        match = _UEVENT.fullmatch(line)
        if match and match[1] in names:
            values.setdefault(names[match[1]], match[2].strip())
    return values


def _word(values: Mapping[str, str], key: str, words: Mapping[int, str], notes: Notes) -> str | None:
    text = values.get(key, "")
    number = integer(text)
    if number is not None and number in words:
        return words[number]
    spelled = "-".join(text.lower().split())
    if spelled in words.values():
        return spelled
    if text:
        notes.warn(f"{key} {text!r} is none that Android knows")
    else:
        notes.missing([key])
    return None


def _no_number(values: Mapping[str, str], key: str, notes: Notes) -> None:
    if text := values.get(key):
        notes.warn(f"{key} {text!r} is no number")
    else:
        notes.missing([key])


def _level_pct(values: Mapping[str, str], notes: Notes) -> float | None:
    level = decimal(values.get("level", ""))
    scale = decimal(values.get("scale", "100")) or 100.0
    if level is None:
        _no_number(values, "level", notes)
        return None
    if values.get("present", "").lower() in ("false", "0"):
        notes.warn("no battery is present")
        if level == 0:
            return None
    percent = 100.0 * level / scale
    if not 0 <= percent <= 100:
        notes.warn(f"level {level:g} of {scale:g} is no level of a battery")
        return None
    return percent


def _voltage_mv(values: Mapping[str, str], source: str, notes: Notes) -> int | None:
    """mV; cells in series make at most 20 V, so that V, mV and µV cannot be mistaken for each other."""
    raw = decimal(values.get("voltage", ""))
    if raw is None:
        _no_number(values, "voltage", notes)
        return None
    if raw == 0:
        notes.warn("voltage 0: not reported")
        return None
    for unit, per_mv in (("mV", 1.0), ("V", 0.001), ("µV", 1000.0)):
        if 2000 <= raw / per_mv <= 20000:
            if unit != ("µV" if source == "uevent" else "mV"):
                notes.warn(f"voltage {raw:g} is taken as {unit}: as mV no battery has it")
            return round(raw / per_mv)
    notes.warn(f"voltage {raw:g} is plausible in no unit")
    return None


def _temperature_c(values: Mapping[str, str], voltage_mv: int | None, notes: Notes) -> float | None:
    """°C from tenths; where those are implausible, the first unit that makes a usual temperature of it."""
    raw = decimal(values.get("temperature", ""))
    if raw is None:
        _no_number(values, "temperature", notes)
        return None
    if raw == 0:
        if voltage_mv is None or values.get("present", "true").lower() in ("false", "0"):
            notes.warn("temperature 0 without a voltage: not reported")
            return None
        notes.warn("temperature 0 may mean: not reported")
        return 0.0
    for unit, divisor, low, high in _TEMPERATURE_UNITS:
        if low <= raw / divisor <= high:
            if divisor != 10:
                notes.warn(f"temperature {raw:g} is taken as {unit}: tenths would make it {raw / 10:g} °C")
            return raw / divisor
    if -40 <= raw / 10 <= 120:
        return raw / 10
    notes.warn(f"temperature {raw:g} is plausible in no unit")
    return None


def _plugged(values: Mapping[str, str], source: str, notes: Notes) -> str | None:
    states = {name: values.get(f"{name} powered", "").lower() for name in _SOURCES}
    known = {name: state == "true" for name, state in states.items() if state in ("true", "false")}
    on = [name for name in _SOURCES if known.get(name)]
    if len(on) > 1:
        notes.warn(f"several sources are on ({', '.join(on)}): {on[0]}, as Android itself would say")
    if on:
        return on[0]
    if "ac" in known and "usb" in known:
        return "none"
    notes.missing([f"{name} powered" for name in ("ac", "usb") if name not in known])
    return None


def _charge_uah(values: Mapping[str, str], notes: Notes) -> int | None:
    raw = integer(values.get("charge counter", ""))
    if raw is None:
        notes.missing(["charge counter"])
    elif raw < 0:
        notes.warn(f"charge counter {raw}: not reported")
        return None
    elif raw == 0 and (values.get("present", "").lower() == "false" or decimal(values.get("level", "")) != 0):
        notes.warn("charge counter 0 without a battery or at a level above 0: not reported")
        return None
    return raw
