"""The stat line, alike in all tools: `count=50 first=… curr=… min=… max=… avg=… std=…[ p5=… median=… p95=…]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devbench.parse.benchmark_model.message import NUMBER, number

_NAMES = "first|curr|min|max|avg|std|p5|median|p95"
_STAT = re.compile(
    rf"[ \t]{{0,40}}count=([0-9]{{1,12}})((?: (?:{_NAMES})=(?:{NUMBER})(?:\(all same\))?){{0,9}})"
)
_PAIR = re.compile(rf"({_NAMES})=({NUMBER})(\(all same\))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stat:
    """Microseconds; `avg` has six significant digits, `std` is cut to an integer by the tool."""

    count: int
    first: float | None = None
    curr: float | None = None
    min: float | None = None
    max: float | None = None
    avg: float | None = None
    std: float | None = None
    p5: float | None = None
    median: float | None = None
    p95: float | None = None

    @property
    def coldest(self) -> float | None:
        """The first value of the series; the tool leaves `first=` out where there is only one."""
        return self.curr if self.first is None else self.first


def stat_line(text: str) -> Stat | None:
    """`text` as stat line; a single or constant value stands for minimum, maximum and average."""
    match = _STAT.match(text)
    if match is None:
        return None
    values: dict[str, float | None] = {}
    same = False
    for name, digits, all_same in _PAIR.findall(match[2]):
        values[name] = number(digits)
        same = same or bool(all_same)
    count = int(match[1])
    if (same or count == 1) and "curr" in values:
        only = values["curr"]
        values = {"first": only, "min": only, "max": only, "avg": only, **values}
        if same:
            values.setdefault("std", 0.0)
    return Stat(count=count, **values)
