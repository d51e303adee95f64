"""The rest between two processes: until the phone is as cool as at the start, with caps, then a name for it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from devbench.domain.device import DeviceState

MARGIN_C = 2.0
CAP_S = 90.0
LONG_CAP_S = 300.0
CAPS_BEFORE_LONG = 2
STEP_S = 2.0
_CPU_SENSOR = re.compile(
    r"cpu|soc|tsens|cluster|core|kryo|silver|gold|prime|big|little|mid\b|apc", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """How much warmer a phone is than at the start; None where it tells nothing to compare.

    `status` is 0 as long as it is not above the start's, which is 0 unless a hot phone was allowed.
    """

    status: int | None
    rise_c: float | None

    @property
    def cool(self) -> bool:
        return not self.status and (self.rise_c is None or self.rise_c <= MARGIN_C)

    @property
    def words(self) -> str:
        parts = [f"thermal status {self.status}"] if self.status else []
        if self.rise_c is not None and self.rise_c > MARGIN_C:
            parts.append(f"{self.rise_c:.1f} °C above the start, {MARGIN_C:g} °C is the limit")
        return ", ".join(parts) or "cool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """How a rest ended: `cool`, `capped` (go on all the same), or `thermal-limited` (the session stops)."""

    outcome: Literal["cool", "capped", "thermal-limited"]
    seconds: float
    warmth: Warmth


def warmth_of(state: DeviceState, start: DeviceState) -> Warmth:
    """Of the CPU's sensors the mean rise, since single ones are noisy; and the battery's, if that is more."""
    shared = set(state.temperatures_c) & set(start.temperatures_c)
    sensors = {name for name in shared if _CPU_SENSOR.search(name)} or shared
    rises = []
    if sensors:
        rises.append(fmean(state.temperatures_c[name] - start.temperatures_c[name] for name in sensors))
    if state.battery_temperature_c is not None and start.battery_temperature_c is not None:
        rises.append(state.battery_temperature_c - start.battery_temperature_c)
    status = state.thermal_status
    if status is not None and status <= (start.thermal_status or 0):
        status = 0
    return Warmth(status=status, rise_c=max(rises, default=None))


class CoolDown:
    """The rests of one session on one phone, which began in state `start`."""

    def __init__(
        self, start: DeviceState, *, min_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._min_s = min_s
        self._clock = clock
        self._capped = 0

    def rest(
        self,
        last: DeviceState | None,
        *,
        read: Callable[[], DeviceState],
        wait: Callable[[float], None],
        told: Callable[[str, float], None],
    ) -> Rest:
        """One rest. `last` is a state just read, if there is one; `told` gets the reason and the seconds left.

        A phone with no least rest that is cool by `last` is not asked again. `wait` may raise to end it.
        """
        began = self._clock()
        long = self._capped >= CAPS_BEFORE_LONG
        cap = LONG_CAP_S if long else CAP_S
        if self._min_s > 0:
            told("rest", self._min_s)
            wait(self._min_s)
            last = None
        while True:
            warmth = warmth_of(last or read(), self._start)
            seconds = self._clock() - began
            if warmth.cool:
                self._capped = 0
                return Rest(outcome="cool", seconds=seconds, warmth=warmth)
            if seconds >= cap:
                self._capped += 1
                return Rest(outcome="thermal-limited" if long else "capped", seconds=seconds, warmth=warmth)
            told(f"cool-down: {warmth.words}", cap - seconds)
            wait(min(STEP_S, cap - seconds))
            last = None
