"""What a line says at its end: the last value, and how far it is from the nights before it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from devbench.domain.history import Line, Mark, Point
from devbench.stats.screen import LEVEL_NIGHTS, PRACTICAL, steps
from devbench.units import signed_pct


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """`last` is the newest point with a value, `change` how far it is (0.05: 5 % more) from the median of the
    `before` nights before it in its segment, 20 at most; None without such nights. `nights` have a value, `gaps`
    have none; `newest_gap` is the newest night if it is one.
    """

    last: Point | None
    change: float | None
    before: int
    nights: int
    gaps: int
    newest_gap: Point | None


def trend_of(line: Line) -> Trend:
    known = [i for i, point in enumerate(line.points) if point.value is not None]
    change, before = (None, 0) if not known else _change(line, known[-1])
    newest = line.points[-1] if line.points else None
    return Trend(
        last=line.points[known[-1]] if known else None,
        change=change,
        before=before,
        nights=len(known),
        gaps=len(line.points) - len(known),
        newest_gap=newest if newest is not None and newest.value is None else None,
    )


def _change(line: Line, last: int) -> tuple[float | None, int]:
    first = next(s.first for s in line.segments if s.first <= last < s.end)
    earlier = [log for log in line.logs[first:last] if log is not None][-LEVEL_NIGHTS:]
    now = line.logs[last]
    if now is None or not earlier:
        return None, len(earlier)
    return math.expm1(now - median(earlier)), len(earlier)


def marked_steps(lines: Iterable[Line]) -> tuple[Mark, ...]:
    """Each step of 3 % or more inside a segment of these lines; MissingExtra where nothing can find steps."""
    found = []
    for line in lines:
        for segment in line.segments:
            nights = [i for i in range(segment.first, segment.end) if line.logs[i] is not None]
            for step in steps([log for i in nights if (log := line.logs[i]) is not None]):
                if abs(step.by) < PRACTICAL:
                    continue
                point = line.points[nights[step.at]]
                sentence = f"{signed_pct(math.expm1(step.by))} from {point.night} on"
                found.append(Mark(line=line.key.text, night=point.night, kind="step", sentence=sentence))
    return tuple(found)
