"""One cell's evidence drawn by hand: samples over time, medians in order, temperature and clocks, on one axis.

Not by matplotlib: a page has many of these, and each is a few hundred strokes. Every process has a place of equal
width, in the order in which they ran; inside it time runs, and the pauses between processes are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from devbench.stats import DELTA
from devbench.units import display_unit, three_digits

WIDTH = 760
_LEFT, _RIGHT, _TOP, _GAP, _FOOT = 62, 6, 16, 24, 30
_SAMPLES, _MEDIANS, _BELOW = 110, 60, 38
_MOST_LABELS = 12

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One process: its samples in ns, `heat` and `clock` as (share of the process's time, value), its fate.

    `fate` is `ok`, `discarded` or `failed`; `label` stands below it.
    """

    label: str
    fate: str
    warmup_ns: tuple[int, ...] = ()
    steady_ns: tuple[int, ...] = ()
    median_ns: float | None = None
    heat: tuple[Point, ...] = ()
    clock: tuple[Point, ...] = ()


def evidence_svg(slots: Sequence[Slot], title: str) -> str:
    """The picture as an SVG element with classes only; an empty text when there is not one sample."""
    if not any(slot.steady_ns for slot in slots):
        return ""
    parts: list[str] = []
    width = (WIDTH - _LEFT - _RIGHT) / len(slots)
    top = float(_TOP)
    top = _samples_panel(parts, slots, width, top)
    if len(slots) > 1:
        top = _medians_panel(parts, slots, width, top)
    for name, read in (("hottest °C", _heat), ("clock MHz", _clock)):
        if any(read(slot) for slot in slots):
            top = _curve_panel(parts, slots, width, top, name, read)
    bottom = top - _GAP
    grounds = [_ground(i, slot, width, bottom) for i, slot in enumerate(slots)]
    names = _names(slots, width, bottom + 14)
    height = bottom + _FOOT
    return (
        f'<svg class="ev" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}">'
        f"{''.join(grounds)}{''.join(parts)}{''.join(names)}</svg>"
    )


def _heat(slot: Slot) -> tuple[Point, ...]:
    return slot.heat


def _clock(slot: Slot) -> tuple[Point, ...]:
    return slot.clock


def _ground(index: int, slot: Slot, width: float, bottom: float) -> str:
    """A process that does not count stands on a dark ground; others only have a border."""
    x = _LEFT + index * width
    look = "x" if slot.fate != "ok" else "o"
    return f'<rect class="{look}" x="{x:.1f}" y="{_TOP}" width="{width:.1f}" height="{bottom - _TOP:.0f}"/>'


def _names(slots: Sequence[Slot], width: float, y: float) -> Iterable[str]:
    """Labels below; where there is no room for all, every other one or fewer, but each that does not count."""
    step = max(1, -(-len(slots) // _MOST_LABELS))
    for i, slot in enumerate(slots):
        x = _LEFT + (i + 0.5) * width
        if i % step == 0:
            yield f'<text x="{x:.1f}" y="{y:.0f}" text-anchor="middle">{escape(slot.label)}</text>'
        if slot.fate != "ok":
            yield f'<text class="bad" x="{x:.1f}" y="{y + 12:.0f}" text-anchor="middle">{_SHORT[slot.fate]}</text>'


_SHORT = {"discarded": "✗ discarded", "failed": "✗ failed"}


def _frame(parts: list[str], name: str, top: float, height: float, low: str, high: str) -> None:
    """A panel's name above it, its ends at the left and its base line."""
    parts.append(f'<text class="h" x="{_LEFT}" y="{top - 4:.0f}">{escape(name)}</text>')
    parts.append(f'<text x="{_LEFT - 5}" y="{top + 9:.0f}" text-anchor="end">{high}</text>')
    parts.append(f'<text x="{_LEFT - 5}" y="{top + height:.0f}" text-anchor="end">{low}</text>')
    parts.append(f'<path class="a" d="M{_LEFT} {top + height:.0f}H{WIDTH - _RIGHT}"/>')


def _samples_panel(parts: list[str], slots: Sequence[Slot], width: float, top: float) -> float:
    """Warm-up and steady inferences as strokes from the least to the most of each stretch of time."""
    everything = [ns for slot in slots for ns in (*slot.warmup_ns, *slot.steady_ns)]
    low, high = min(everything), max(everything)
    unit = display_unit("ns", [float(np.median(everything))])
    ends = [three_digits(value / unit.divisor) for value in (low, high)]
    _frame(parts, f"every inference, {unit.symbol} (light: warm-up; line: median)", top, _SAMPLES, *ends)
    scale = (_SAMPLES - 2) / (high - low) if high > low else 0.0

    def y(ns: float) -> float:
        return top + _SAMPLES - 1 - (ns - low) * scale

    paths: dict[str, list[str]] = {"w": [], "s": [], "m": []}
    for i, slot in enumerate(slots):
        x, whole = _LEFT + i * width + 1, float(sum(slot.warmup_ns) + sum(slot.steady_ns)) or 1.0
        begin = 0.0
        for look, values in (("w", slot.warmup_ns), ("s", slot.steady_ns)):
            if values:
                paths[look].append(
                    _strokes(np.asarray(values, dtype=np.float64), x, width - 2, begin, whole, y)
                )
                begin += sum(values)
        if slot.median_ns is not None:
            from_x = x + (width - 2) * sum(slot.warmup_ns) / whole
            paths["m"].append(f"M{from_x:.1f} {y(slot.median_ns):.1f}H{x + width - 2:.1f}")
    parts.extend(f'<path class="{look}" d="{"".join(path)}"/>' for look, path in paths.items() if path)
    return top + _SAMPLES + _GAP


def _strokes(
    values: NDArray[np.float64],
    x: float,
    width: float,
    begin: float,
    whole: float,
    y: Callable[[float], float],
) -> str:
    """A vertical stroke a stretch, from its least to its most: no spike is lost, however many samples there are."""
    share = float(values.sum()) / whole
    groups = np.array_split(values, max(1, min(len(values), int(width * share / 1.6))))
    strokes, now = [], begin
    for group in groups:
        middle = x + width * (now + float(group.sum()) / 2) / whole
        now += float(group.sum())
        bottom, peak = y(float(group.min())), y(float(group.max()))
        strokes.append(f"M{middle:.1f} {bottom:.1f}V{min(peak, bottom - 1):.1f}")
    return "".join(strokes)


def _medians_panel(parts: list[str], slots: Sequence[Slot], width: float, top: float) -> float:
    """Each process's median against their mean, in the order in which they ran; the band is ±3 %."""
    kept = [s.median_ns for s in slots if s.fate == "ok" and s.median_ns]
    middle = float(np.exp(np.mean(np.log(kept)))) if kept else max(s.median_ns or 0.0 for s in slots)
    points = [
        (_LEFT + (i + 0.5) * width, 100 * (s.median_ns / middle - 1), s.fate)
        for i, s in enumerate(slots)
        if s.median_ns
    ]
    reach = max(100 * DELTA * 1.1, *(abs(value) for _, value, _ in points))

    def y(value: float) -> float:
        return top + _MEDIANS * (1 - value / reach) / 2

    edge, height = y(100 * DELTA), y(-100 * DELTA) - y(100 * DELTA)
    parts.append(
        f'<rect class="b" x="{_LEFT}" y="{edge:.1f}" width="{WIDTH - _LEFT - _RIGHT}" height="{height:.1f}"/>'
    )
    _frame(parts, "each process's median, % from their mean (band: ±3 %)", top, _MEDIANS, *_ends(reach))
    parts.append(f'<path class="a" d="M{_LEFT} {y(0):.1f}H{WIDTH - _RIGHT}"/>')
    line = [f"{x:.1f} {y(value):.1f}" for x, value, fate in points if fate == "ok"]
    if len(line) > 1:
        parts.append(f'<path class="l" d="M{"L".join(line)}"/>')
    for x, value, fate in points:
        cross = f"M{x - 4:.1f} {y(value) - 4:.1f}l8 8m0 -8l-8 8"
        mark = f'<path class="c" d="{cross}"/>'
        parts.append(mark if fate != "ok" else f'<circle class="p" cx="{x:.1f}" cy="{y(value):.1f}" r="3"/>')
    return top + _MEDIANS + _GAP


def _ends(reach: float) -> tuple[str, str]:
    return f"−{three_digits(reach)}", f"+{three_digits(reach)}"


def _curve_panel(
    parts: list[str],
    slots: Sequence[Slot],
    width: float,
    top: float,
    name: str,
    read: Callable[[Slot], tuple[Point, ...]],
) -> float:
    values = [value for slot in slots for _, value in read(slot)]
    low, high = min(values), max(values)
    _frame(parts, name, top, _BELOW, f"{low:.4g}", f"{high:.4g}" if high > low else "")
    scale = (_BELOW - 4) / (high - low) if high > low else 0.0
    path = []
    for i, slot in enumerate(slots):
        places = [
            (_LEFT + i * width + 1 + (width - 2) * share, top + _BELOW - 2 - (value - low) * scale)
            for share, value in read(slot)
        ]
        if len(places) == 1:
            path.append(f"M{places[0][0] - 2:.1f} {places[0][1]:.1f}h4")
        path += [f"M{x:.1f} {y:.1f}L{u:.1f} {v:.1f}" for (x, y), (u, v) in pairwise(places)]
    parts.append(f'<path class="t" d="{"".join(path)}"/>')
    return top + _BELOW + _GAP
