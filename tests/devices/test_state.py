"""How a phone is now: values where it says them, reasons where it does not."""

from __future__ import annotations

import dataclasses

import pytest
from probe_texts import ANDROID_5, ANDROID_13, LINUX_BOARD

from devbench.devices.probe import read_info
from devbench.devices.state import parse_state, state_script

OLD = read_info(ANDROID_5, serial="S", shell_v2=False)
NEW = read_info(ANDROID_13, serial="S", shell_v2=True)
BOARD = read_info(LINUX_BOARD, serial="S", shell_v2=True)

BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  Wireless powered: false
  status: 2
  health: 2
  present: true
  level: 81
  scale: 100
  voltage: 4123
  temperature: 295
  technology: Li-ion
"""
THERMAL = """IsStatusOverride: false
ThermalEventListeners:
	callbacks: 1
Thermal Status: 1
Current temperatures from HAL:
	Temperature{mValue=41.2, mType=0, mName=CPU0, mStatus=0}
	Temperature{mValue=33.4, mType=3, mName=skin, mStatus=1}
Current cooling devices from HAL:
"""
FILES = """== uptime
86400.25 170000.11
== meminfo
MemTotal:        1908204 kB
MemFree:          101232 kB
Buffers:           20480 kB
Cached:           512000 kB
MemAvailable:     700000 kB
== zones
/sys/class/thermal/thermal_zone0 tsens_tz_sensor0 41
/sys/class/thermal/thermal_zone1 battery 29500
/sys/class/thermal/thermal_zone2 pa_therm0 345
/sys/class/thermal/thermal_zone3 broken -273000
/sys/class/thermal/thermal_zone4 battery 31000
== clocks
/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq 1209600
/sys/devices/system/cpu/cpu4/cpufreq/scaling_cur_freq 800000
"""


def test_everything_that_a_new_phone_says() -> None:
    state = parse_state(f"{FILES}== battery\n{BATTERY}== thermal\n{THERMAL}== end\n", NEW)
    assert (state.uptime_s, state.mem_available_bytes) == (86400.25, 700000 * 1024)
    assert (state.battery_level_pct, state.battery_temperature_c) == (81, 29.5)
    assert (state.battery_status, state.plugged, state.thermal_status) == ("charging", "usb", 1)
    assert state.cpu_khz == {"0": 1209600, "4": 800000}
    assert state.missing == {}


def test_zones_in_milli_tenths_and_whole_degrees() -> None:
    """Vendors differ; a sensor that is not there says -273, and a name that stands twice is kept twice."""
    state = parse_state(f"{FILES}== battery\n{BATTERY}== end\n", OLD)
    assert state.temperatures_c == {
        "tsens_tz_sensor0": 41,
        "battery": 29.5,
        "pa_therm0": 34.5,
        "battery#4": 31,
    }


def test_carriage_returns_change_nothing() -> None:
    whole = f"{FILES}== battery\n{BATTERY}== end\n"
    cooked = parse_state(whole.replace("\n", "\r\n"), OLD)
    assert dataclasses.replace(cooked, taken_at="") == dataclasses.replace(
        parse_state(whole, OLD), taken_at=""
    )


def test_what_an_age_lacks_is_not_asked_for() -> None:
    assert "thermalservice" not in state_script(OLD)
    assert "thermalservice" in state_script(NEW)
    assert "dumpsys" not in state_script(BOARD)
    assert "dumpsys" not in state_script(NEW, services=False)


@pytest.mark.parametrize(
    "text", ["", "== end\n", "== battery\nCan't find service: battery\n== end\n", "\x00\xff"]
)
def test_what_could_not_be_read_is_none_with_a_reason(text: str) -> None:
    """Never a sentinel: 0 % battery is another thing than not knowing."""
    state = parse_state(text, NEW)
    for name in ("battery_level_pct", "battery_temperature_c", "thermal_status", "mem_available_bytes"):
        assert getattr(state, name) is None
        assert state.missing[name]
    assert state.missing["temperatures_c"]
