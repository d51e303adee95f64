"""Points as lines: where a segment begins and why, and whether a night's value is set against the control's."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from devbench.domain.history import Origin, Segment

# below so many nights with both, a spread says little about which is quieter
LEAST_NIGHTS = 7
# so much less, or a line of like spreads would change its basis from night to night
CLEARLY = 0.8


def segments_of(origins: Sequence[Origin]) -> tuple[Segment, ...]:
    """Stretches of like origin; what is unknown is taken to be as before."""
    starts: list[tuple[int, Origin, str]] = []
    known: Origin | None = None
    for i, origin in enumerate(origins):
        if origin == known:
            continue
        now = origin if known is None else _filled(origin, known)
        reason = "" if known is None else what_changed(known, now)
        if known is None or reason:
            starts.append((i, now, reason))
        known = now
    ends = [*(first for first, _, _ in starts), len(origins)][1:]
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
        words.append(f"new build of the phone ({_build(now.fingerprint)})")
    if differs("runner_sha256"):
        words.append(f"new runner ({now.runner_sha256[:12]})")
    if differs("engine_sha256"):
        versions = (before.engine_version, now.engine_version)
        told = " → ".join(versions) if all(versions) and len(set(versions)) > 1 else now.engine_sha256[:12]
        words.append(f"new engine ({told})")
    if differs("control_sha256"):
        words.append("new control model")
    return "; ".join(words)


def _build(fingerprint: str) -> str:
    """`9/PQ1A.190105.004/5148680` of `google/walleye/walleye:9/PQ1A.190105.004/5148680:user/release-keys`."""
    parts = fingerprint.split(":")
    return parts[1] if len(parts) == 3 else fingerprint


def first_of_last(nights: Sequence[str], count: int | None) -> int:
    """Where the last `count` different nights begin, of nights in order."""
    if count is None:
        return 0
    kept = set(sorted(set(nights))[-count:])
    return next((i for i, night in enumerate(nights) if night in kept), len(nights))


def cut_before(segments: Sequence[Segment], first: int) -> tuple[Segment, ...]:
    """The segments of `points[first:]`."""
    return tuple(
        dataclasses.replace(s, first=max(0, s.first - first), end=s.end - first)
        for s in segments
        if s.end > first
    )


def logs_of(
    values: Sequence[float | None], controls: Sequence[float | None], segments: Sequence[Segment]
) -> tuple[str, tuple[float | None, ...]]:
    """Basis and logs: the ratio to the control where its nights differ clearly less than those of the value.

    The spread is that of neighbouring nights inside a segment: a step or a slow creep says nothing about noise.
    """
    logs = tuple(_log(value) for value in values)
    ratios = tuple(
        log - control if log is not None and (control := _log(of_control)) is not None else None
        for log, of_control in zip(logs, controls, strict=True)
    )
    both = sum(ratio is not None for ratio in ratios)
    complete = both == sum(log is not None for log in logs)
    quieter = _spread(ratios, segments) < CLEARLY * _spread(logs, segments)
    if complete and both >= LEAST_NIGHTS and quieter:
        return "ratio", ratios
    return "value", logs


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
