"""Energy counters of power rails and a battery's own gauge, as files of sysfs have them, in J, A and V."""

from __future__ import annotations

import re
from dataclasses import dataclass

# CH3(T=358356)[S2M_VDD_CPUCL2], 761330: milliseconds since the counters began, microjoules
_RAIL = re.compile(
    r"^[ \t]{0,16}CH\d{1,4}\(T=(\d{1,18})\)\[([^\]\n]{1,64})\],[ \t]{0,16}(\d{1,19})[ \t\r]{0,16}$",
    re.MULTILINE,
)
_MAX_AMPERE = 10.0  # no phone draws more, so a number is in the smaller unit that stays below


@dataclass(frozen=True, slots=True, kw_only=True)
class RailCounter:
    """What one rail has delivered in `counted_s` seconds."""

    energy_j: float
    counted_s: float


def parse_rails(text: str) -> dict[str, RailCounter]:
    """Counters by the name of their rail; empty if the text holds none."""
    return {
        name: RailCounter(energy_j=int(micro) / 1e6, counted_s=int(milli) / 1e3)
        for milli, name, micro in _RAIL.findall(text)
    }


def parse_gauge(text: str | None) -> int | None:
    """The one whole number of `current_now` or `voltage_now`, in whatever unit; None if there is none."""
    match = re.fullmatch(r"\s{0,16}([+-]?\d{1,12})\s{0,16}", text or "")
    return int(match[1]) if match else None


def volts(raw: int) -> float | None:
    """Kernels give microvolts, some vendors millivolts; None for what no phone's battery has."""
    value = raw / 1e6 if abs(raw) >= 100_000 else raw / 1e3
    return value if 2.5 <= value <= 15.0 else None


def amperes(raw: list[int]) -> list[float]:
    """Currents without their sign, which vendors use either way.

    Kernels give microamperes; where all are small enough to be milliamperes they are, because a phone that
    computes draws more than 10 mA.
    """
    milli = max(map(abs, raw), default=0) <= _MAX_AMPERE * 1e3
    return [abs(value) / (1e3 if milli else 1e6) for value in raw]
