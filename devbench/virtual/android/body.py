"""A phone's warmth and battery: a small model that moves with the real CPU time of its processes.

It is lazy: nothing runs between two looks; the time in between counts with its mean load. The same seed and
the same load give the same values.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from devbench.virtual.profile import Profile

_IDLE_MA, _CORE_MA = 90.0, 210.0
_CHARGE_MA = {"usb": 480.0, "ac": 1450.0, "wireless": 900.0, "none": 0.0}
# at and above these skin temperatures Android's thermal status is 1, 2, … 6
_STATUS_C = (39.0, 41.0, 43.0, 45.0, 47.0, 55.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What persists of a body while its phone is off."""

    charge_uah: float
    battery_c: float


class Body:
    """`advance` brings it up to a moment; the rest are its values at that moment."""

    def __init__(
        self, profile: Profile, *, seed: int, name: str, now_s: float, kept: Snapshot | None
    ) -> None:
        chance = random.Random(f"{seed}/{name}")
        self._heat = profile.heat
        self._battery = profile.battery
        self.ambient_c = profile.heat.ambient_c + chance.uniform(-0.8, 0.8)
        self._spread_c = [chance.uniform(-0.6, 0.6) for _ in range(16)]
        self.plugged = profile.battery.plugged
        self.battery_c = kept.battery_c if kept else self.ambient_c + chance.uniform(0.5, 1.5)
        self.chip_c = self.ambient_c + 6.0
        full = profile.battery.capacity_uah
        self.charge_uah = kept.charge_uah if kept else full * profile.battery.level_pct / 100
        self.extra_c = 0.0
        self.forced: dict[str, int] = {}
        self._now_s = now_s
        self._cpu_s = 0.0

    def advance(self, now_s: float, cpu_s: float) -> None:
        """To `now_s`, with the phone's processes having used `cpu_s` seconds of CPU since it was switched on."""
        elapsed = now_s - self._now_s
        if elapsed <= 0:
            return
        busy_cores = max(0.0, cpu_s - self._cpu_s) / elapsed
        self._now_s, self._cpu_s = now_s, cpu_s
        heat = self._heat
        goal = self.ambient_c + self.extra_c + 1.0 + heat.battery_rise_c * busy_cores
        self.battery_c = approach(self.battery_c, goal, elapsed / heat.battery_tau_s)
        goal = self.ambient_c + self.extra_c + 6.0 + heat.chip_rise_c * busy_cores
        self.chip_c = approach(self.chip_c, goal, elapsed / heat.chip_tau_s)
        drain_ma = _IDLE_MA + _CORE_MA * busy_cores
        gain_uah = (_CHARGE_MA[self.plugged] - drain_ma) * 1000 * elapsed / 3600
        if self.plugged != "none":
            gain_uah = max(gain_uah, 0.0)
        self.charge_uah = min(max(self.charge_uah + gain_uah, 0.0), float(self._battery.capacity_uah))

    def rebooted(self) -> None:
        """CPU time is counted anew."""
        self._cpu_s = 0.0

    def plug(self, source: str) -> None:
        self.plugged = source

    @property
    def level_pct(self) -> int:
        return self.forced.get("level", math.floor(100 * self.charge_uah / self._battery.capacity_uah + 0.5))

    @property
    def temperature_c(self) -> float:
        return self.forced["temp"] / 10 if "temp" in self.forced else self.battery_c

    @property
    def voltage_mv(self) -> int:
        return round(self._battery.voltage_mv + (self.level_pct - self._battery.level_pct) * 6)

    @property
    def status(self) -> int:
        """BatteryManager's: 2 charging, 3 discharging, 5 full."""
        if "status" in self.forced:
            return self.forced["status"]
        if self.plugged == "none":
            return 3
        return 5 if self.level_pct >= 100 else 2

    @property
    def skin_c(self) -> float:
        return self.battery_c + 0.25 * (self.chip_c - self.ambient_c)

    @property
    def thermal_status(self) -> int:
        """0 none … 6 shutdown."""
        if "thermal" in self.forced:
            return self.forced["thermal"]
        return sum(self.skin_c >= limit for limit in _STATUS_C)

    def sensor_c(self, number: int) -> float:
        """Sensor `number` of the chip."""
        return self.chip_c + self._spread_c[number % len(self._spread_c)]

    def snapshot(self) -> Snapshot:
        return Snapshot(charge_uah=self.charge_uah, battery_c=self.battery_c)


def approach(value: float, goal: float, taus: float) -> float:
    return goal + (value - goal) * math.exp(-taus)
