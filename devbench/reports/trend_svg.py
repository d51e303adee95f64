"""One line over nights, drawn by hand: a page may hold a thousand of them, and each is a few hundred strokes.

Time runs by date, the same for all lines of a page; height is the distance from the median of the newest segment.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from statistics import median

from devbench.domain.history import Line, Mark
from devbench.reports.history_table import heights_of, is_relative
from devbench.stats import DELTA
from devbench.units import show, signed_pct

WIDTH, HEIGHT = 720, 220
_LEFT, _RIGHT, _TOP, _FOOT = 92, 10, 30, 34
_DOTTED_NIGHTS = 70
# integer coordinates keep a year of nights below two kilobytes
_LEAST_REACH = 1.1 * DELTA


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The dates that a page's x axis reaches over."""

    first: date
    last: date

    def x(self, night: str) -> int:
        days = max(1, (self.last - self.first).days)
        share = (date.fromisoformat(night) - self.first).days / days
        return round(_LEFT + 8 + (WIDTH - _LEFT - _RIGHT - 16) * share)


def span_of(lines: Iterable[Line]) -> Span | None:
    nights = {point.night for line in lines for point in line.points}
    return (
        Span(first=date.fromisoformat(min(nights)), last=date.fromisoformat(max(nights))) if nights else None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From heights to the picture: `zero` is drawn in the middle of [low, high]."""

    zero: float
    low: float
    high: float
    relative: bool
    unit: str

    def y(self, height: float) -> int:
        room = HEIGHT - _TOP - _FOOT
        share = (height - self.zero - self.low) / (self.high - self.low)
        return round(_TOP + room * (1 - min(1.0, max(0.0, share))))

    def word(self, distance: float) -> str:
        if self.relative:
            return signed_pct(math.expm1(distance))
        return show(self.zero + distance, self.unit)


def trend_svg(line: Line, marks: Sequence[Mark], span: Span, title: str, *, intervals: bool) -> str:
    """The picture as an SVG element with classes only; `marks` are this line's."""
    heights = heights_of(line)
    xs = [span.x(point.night) for point in line.points]
    parts: list[str] = []
    if any(height is not None for height in heights):
        scale = _scale(line, heights)
        parts += _ground(scale)
        if intervals and scale.relative:
            parts += _intervals(line, heights, xs, scale.y)
        parts += _levels(line, heights, xs, scale.y)
        parts += _curve(line, heights, xs, scale.y)
    parts += _gaps(heights, xs)
    parts += _cuts(line, xs)
    parts += _marks(line, marks, xs)
    dates = (
        f'<text x="{_LEFT + 8}" y="{HEIGHT - 8}">{span.first}</text>'
        f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{span.last}</text>'
    )
    return (
        f'<svg class="tr" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}{dates}</svg>"
    )


def _scale(line: Line, heights: Sequence[float | None]) -> _Scale:
    """Around the median of the newest segment that has values; wide enough for all, and for ±3 %."""
    relative = is_relative(line)
    newest = next(k for s in reversed(line.segments) if (k := _known(heights[s.first : s.end])))
    zero = median(newest)
    distances = [height - zero for height in _known(heights)]
    reach = _LEAST_REACH if relative else max(abs(zero) * _LEAST_REACH, 0.5)
    return _Scale(
        zero=zero, low=min(-reach, *distances), high=max(reach, *distances), relative=relative, unit=line.unit
    )


def _known(heights: Iterable[float | None]) -> list[float]:
    return [height for height in heights if height is not None]


def _ground(scale: _Scale) -> list[str]:
    """The band of ±3 %, its middle, and words for both ends."""
    top, bottom = scale.zero + scale.high, scale.zero + scale.low
    delta = math.log1p(DELTA) if scale.relative else abs(scale.zero) * DELTA
    edge, foot = scale.y(scale.zero + delta), scale.y(scale.zero - delta)
    middle = scale.y(scale.zero)
    words = [(scale.y(top) + 8, scale.word(scale.high)), (scale.y(bottom) + 4, scale.word(scale.low))]
    # an end that lies on the middle is told by the middle's own word
    words = [(y, word) for y, word in words if abs(y - middle) > 20]
    words.append((middle + 6, show(scale.zero, scale.unit) if not scale.relative else "0 %"))
    return [
        f'<rect class="b" x="{_LEFT}" y="{edge}" width="{WIDTH - _LEFT - _RIGHT}" height="{max(1, foot - edge)}"/>',
        *(f'<text x="{_LEFT - 8}" y="{y}" text-anchor="end">{escape(word)}</text>' for y, word in words),
    ]


def _levels(
    line: Line, heights: Sequence[float | None], xs: Sequence[int], y: Callable[[float], int]
) -> list[str]:
    """The median of each segment."""
    strokes = [
        f"M{xs[s.first] - 3} {y(median(known))}H{xs[s.end - 1] + 3}"
        for s in line.segments
        if (known := _known(heights[s.first : s.end]))
    ]
    return [f'<path class="m" d="{"".join(strokes)}"/>']


def _curve(
    line: Line, heights: Sequence[float | None], xs: Sequence[int], y: Callable[[float], int]
) -> list[str]:
    """A stroke through the nights of each segment, over gaps too; nights as dots where they are few."""
    strokes, dots = [], []
    for segment in line.segments:
        places = [
            (xs[i], y(height))
            for i in range(segment.first, segment.end)
            if (height := heights[i]) is not None
        ]
        if places:
            strokes.append(_path(places))
            dots += [f"M{x} {at}h0" for x, at in places]
    few = len(dots) <= _DOTTED_NIGHTS
    return [
        f'<path class="l" d="{"".join(strokes)}"/>',
        *([f'<path class="d" d="{"".join(dots)}"/>'] if few else []),
    ]


def _path(places: Sequence[tuple[int, int]]) -> str:
    """`M` and one `l` with steps: the fewest letters that SVG allows."""
    x, y = places[0]
    words = [f"M{x} {y}l"]
    if len(places) == 1:
        return f"M{x - 3} {y}h6"
    for to_x, to_y in places[1:]:
        words.append(f"{_number(to_x - x)}{_number(to_y - y)}")
        x, y = to_x, to_y
    return "".join(words).replace("l ", "l")


def _number(value: int) -> str:
    return str(value) if value < 0 else f" {value}"


def _intervals(
    line: Line, heights: Sequence[float | None], xs: Sequence[int], y: Callable[[float], int]
) -> list[str]:
    """Each night's 95 % interval as a stroke; it is of the value, so its width is drawn around the ratio too."""
    strokes = []
    for x, height, point in zip(xs, heights, line.points, strict=True):
        if height is None or not point.value or not point.low or not point.high:
            continue
        low, high = (height + math.log(end / point.value) for end in (point.low, point.high))
        strokes.append(f"M{x} {y(low)}V{y(high)}")
    return [f'<path class="i" d="{"".join(strokes)}"/>'] if strokes else []


def _gaps(heights: Sequence[float | None], xs: Sequence[int]) -> list[str]:
    crosses = [
        f"M{x - 4} {HEIGHT - _FOOT - 4}l8 8m0-8l-8 8" for x, h in zip(xs, heights, strict=True) if h is None
    ]
    return [f'<path class="g" d="{"".join(crosses)}"/>'] if crosses else []


def _cuts(line: Line, xs: Sequence[int]) -> list[str]:
    """Where segments begin, between the nights, with a number that the words below the picture explain."""
    parts = []
    for number, segment in enumerate(line.segments[1:], start=1):
        x = round((xs[segment.first - 1] + xs[segment.first]) / 2)
        parts.append(
            f'<g><title>{escape(segment.reason)}</title><path class="c" d="M{x} {_TOP - 6}V{HEIGHT - _FOOT}"/>'
            f'<text class="h" x="{x}" y="{_TOP - 10}" text-anchor="middle">{number}</text></g>'
        )
    return parts


def _marks(line: Line, marks: Sequence[Mark], xs: Sequence[int]) -> list[str]:
    """A diamond for an alert, a triangle for all else, above the night."""
    places = {point.night: x for point, x in zip(line.points, xs, strict=True)}
    parts = []
    for mark in marks:
        if mark.night in places:
            x, alert = places[mark.night], mark.kind == "alert"
            shape = f"M{x} {_TOP}l-9-11 9-11 9 11z" if alert else f"M{x} {_TOP}l-7-14h14z"
            parts.append(
                f'<g class="{"a" if alert else "s"}"><title>{escape(mark.sentence)}</title><path d="{shape}"/>'
                f'<path class="v" d="M{x} {_TOP}V{HEIGHT - _FOOT}"/></g>'
            )
    return parts
