"""Canonical units and how a quantity is shown, because a unit decided twice is a unit wrong once.

Canonical: time ns (integer), memory and size bytes, temperature °C, frequency kHz, energy J, power W, CPU percent
of one core.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayUnit:
    """A unit a column is shown in: `value / divisor` with `symbol`."""

    symbol: str
    divisor: float


_SCALES: dict[str, tuple[DisplayUnit, ...]] = {
    "ns": (
        DisplayUnit(symbol="s", divisor=1e9),
        DisplayUnit(symbol="ms", divisor=1e6),
        DisplayUnit(symbol="µs", divisor=1e3),
        DisplayUnit(symbol="ns", divisor=1.0),
    ),
    "byte": (
        DisplayUnit(symbol="GB", divisor=1e9),
        DisplayUnit(symbol="MB", divisor=1e6),
        DisplayUnit(symbol="kB", divisor=1e3),
        DisplayUnit(symbol="B", divisor=1.0),
    ),
    "joule": (
        DisplayUnit(symbol="J", divisor=1.0),
        DisplayUnit(symbol="mJ", divisor=1e-3),
        DisplayUnit(symbol="µJ", divisor=1e-6),
    ),
    "watt": (DisplayUnit(symbol="W", divisor=1.0), DisplayUnit(symbol="mW", divisor=1e-3)),
}
_PLAIN = {"percent": "%", "count": "", "ratio": "", "value": "", "celsius": "°C", "kHz": "kHz"}


def display_unit(unit: str, values: list[float]) -> DisplayUnit:
    """The one unit for a whole column: the largest in which the column's median is at least 1."""
    scale = _SCALES.get(unit)
    if scale is None:
        return DisplayUnit(symbol=_PLAIN.get(unit, unit), divisor=1.0)
    known = sorted(abs(v) for v in values if math.isfinite(v) and v)
    typical = known[len(known) // 2] if known else 0.0
    return next((u for u in scale if typical >= u.divisor), scale[-1])


def three_digits(value: float) -> str:
    """`value` with three significant digits and no exponent: 0.0123, 1.23, 12.3, 123, 1234."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def signed(value: float) -> str:
    """`value` to a tenth with its sign, and a minus as wide as the plus: '+4.9', '−0.1', '+0.0'."""
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")


def signed_pct(change: float) -> str:
    """A relative change as '+4.9 %' or '−0.1 %'."""
    return f"{signed(100 * change)} %"


def show(value: float | None, unit: str) -> str:
    """One quantity on its own, with its unit: '12.3 ms', or '–' when unknown."""
    if value is None:
        return "–"
    chosen = display_unit(unit, [value])
    return f"{three_digits(value / chosen.divisor)} {chosen.symbol}".rstrip()


_SYMBOLS: dict[str, dict[str, float]] = {
    "ns": {"ns": 1.0, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9},
    "byte": {"B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30},
    "joule": {"J": 1.0, "mJ": 1e-3, "µJ": 1e-6, "uJ": 1e-6},
    "watt": {"W": 1.0, "mW": 1e-3},
    "percent": {"%": 1.0},
    "ratio": {"%": 0.01, "": 1.0},
    "count": {"": 1.0},
}


def parse_quantity(text: str, unit: str) -> float | None:
    """`"12 ms"` in canonical `unit` (1.2e7 for ns); None if it is no number with a unit of that kind."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*([A-Za-zµ%]*)\s*", text)
    factor = _SYMBOLS.get(unit, {}).get(match[2]) if match else None
    return None if match is None or factor is None else float(match[1]) * factor


def celsius(raw: int) -> float | None:
    """A thermal zone's number in °C; None for one that no sensor of a phone can mean (0, or out of -30 … 150).

    Kernels give milli-degrees, some vendors tenths or whole degrees: decided by plausible range.
    """
    value = raw / 1000 if abs(raw) >= 1000 else raw / 10 if abs(raw) >= 150 else float(raw)
    return value if -30 < value < 150 and value != 0 else None
