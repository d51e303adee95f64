"""Points as lines: where a segment begins and why, and whether a night's value is set against the control's."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from devbench.domain.history import Line, LineKey, Origin, Point, Segment

# below so many nights with both, a spread says little about which is quieter
LEAST_NIGHTS = 7


def line_of(
    key: LineKey, unit: str, points: Sequence[Point], origins: Sequence[Origin], *, control: bool
) -> Line:
    """The line of points that are in order of time, each with its origin."""
    segments = segments_of(origins)
    basis, logs = logs_of(points, segments)
    return Line(
        key=key, unit=unit, control=control, points=tuple(points), segments=segments, basis=basis, logs=logs
    )


def segments_of(origins: Sequence[Origin]) -> tuple[Segment, ...]:
    """Stretches of like origin; what is unknown is taken to be as before."""
    starts: list[tuple[int, Origin, str]] = []
    known: Origin | None = None
    for i, origin in enumerate(origins):
        now = origin if known is None else _filled(origin, known)
        reason = "" if known is None else what_changed(known, now)
        if known is None or reason:
            starts.append((i, now, reason))
        known = now
    ends = [*(first for first, _, _ in starts[1:]), len(origins)]
    return tuple(
        Segment(first=first, end=end, reason=reason, origin=origin)
        for (first, origin, reason), end in zip(starts, ends, strict=True)
    )


def _filled(origin: Origin, before: Origin) -> Origin:
    words = dataclasses.asdict(origin)
    return Origin(**{name: word or getattr(before, name) for name, word in words.items()})


def what_changed(before: Origin, now: Origin) -> str:
    """In words, empty for nothing: `new build (…); new engine 2.3.0 → 2.4.0`."""

    def differs(name: str) -> bool:
        old, new = getattr(before, name), getattr(now, name)
        return bool(old and new and old != new)

    words = []
    if differs("fingerprint"):
        words.append(f"new build of the phone ({now.fingerprint})")
    if differs("runner_sha256"):
        words.append(f"new runner ({now.runner_sha256[:12]})")
    if differs("engine_sha256"):
        versions = (before.engine_version, now.engine_version)
        told = " → ".join(versions) if all(versions) and len(set(versions)) > 1 else now.engine_sha256[:12]
        words.append(f"new engine ({told})")
    if differs("control_sha256"):
        words.append("new control model")
    return "; ".join(words)


def last_nights(line: Line, count: int) -> Line:
    """The line's last `count` nights, segments and basis as in the whole line."""
    nights = sorted({p.night for p in line.points})[-count:]
    kept = [i for i, p in enumerate(line.points) if p.night in nights]
    if not kept:
        return line
    cut = kept[0]
    segments = [
        dataclasses.replace(s, first=max(0, s.first - cut), end=s.end - cut)
        for s in line.segments
        if s.end > cut
    ]
    return dataclasses.replace(line, points=line.points[cut:], logs=line.logs[cut:], segments=tuple(segments))


def logs_of(points: Sequence[Point], segments: Sequence[Segment]) -> tuple[str, tuple[float | None, ...]]:
    """Basis and logs: the ratio to the control where its nights differ less than those of the value.

    The spread is that of neighbouring nights inside a segment: a step or a slow creep says nothing about noise.
    """
    values = tuple(_log(p.value) for p in points)
    ratios = tuple(
        value - control if value is not None and (control := _log(p.control_value)) is not None else None
        for p, value in zip(points, values, strict=True)
    )
    both = [ratio is not None for ratio in ratios]
    complete = all(have for have, value in zip(both, values, strict=True) if value is not None)
    if complete and sum(both) >= LEAST_NIGHTS and _spread(ratios, segments) < _spread(values, segments):
        return "ratio", ratios
    return "value", values


def _spread(logs: Sequence[float | None], segments: Sequence[Segment]) -> float:
    """The middle of the distances between neighbours inside segments; infinite without two neighbours."""
    distances = []
    for segment in segments:
        known = [log for log in logs[segment.first : segment.end] if log is not None]
        distances += [abs(b - a) for a, b in pairwise(known)]
    return median(distances) if distances else math.inf


def _log(value: float | None) -> float | None:
    """None for what has no logarithm: an accuracy of nothing, no page fault at all."""
    return math.log(value) if value is not None and value > 0 else None
