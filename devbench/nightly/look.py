"""One line's newest night: what it is held against, and whether that is suspicious."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from devbench.domain.history import Line, Point
from devbench.nightly.alert import Alert, Files
from devbench.nightly.pins import Pin
from devbench.stats import Suspicion, creep, level_above, screen
from devbench.stats.screen import LEAST_NIGHTS, PRACTICAL, STEP_NIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier number of a line that tonight's may be measured against: the files behind it, and its night."""

    night: str
    files: Files


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a line's newest point says. `point.value` may be None: then there is a reason and nothing else.

    `under` is the open alert whose regression this is; `back`: it is not there any more, with other files.
    `good` is the newest earlier night whose files differ, None where nothing of ours changed; `nights` are those
    compared. `release` is told once a week.
    """

    line: Line
    point: Point
    files: Files
    nights: int
    logs: tuple[float, ...] = ()
    suspicion: Suspicion | None = None
    good: Past | None = None
    under: Alert | None = None
    back: bool = False
    release: Release | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The median of up to seven nights against a pinned release, as percent; only on the day of the week for it."""

    name: str
    by_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    index: int
    night: str
    log: float
    files: Files


def look(
    line: Line,
    run_ids: Collection[str],
    *,
    alerts: Sequence[Alert],
    pin: Pin | None,
    weekly: bool,
    with_steps: bool,
) -> Look | None:
    """The look at the newest point of `line` that one of `run_ids` measured; None when none did."""
    measured = [i for i, point in enumerate(line.points) if point.run_id in run_ids]
    if not measured:
        return None
    i = measured[-1]
    point, files = line.points[i], _files(line, i)
    nights = _nights(line, i, _begin(line, i, alerts))
    if line.logs[i] is None:
        return Look(line=line, point=point, files=files, nights=len(nights))
    pinned = None if pin is None else pin.log_of(line.basis)
    found = Look(
        line=line, point=point, files=files, nights=len(nights), logs=tuple(n.log for n in nights),
        release=_release([n.log for n in nights], pin, pinned) if weekly else None,
    )  # fmt: skip
    alert = next((a for a in alerts if a.state == "open" and _covers(a, line)), None)
    if alert is not None:
        return _under(found, alert, nights)
    suspicion = screen(found.logs, pinned=pinned, with_steps=with_steps)
    if suspicion is None and weekly and pinned is not None:
        suspicion = creep(found.logs, pinned)
    return _with(found, suspicion, nights, pin)


def _release(logs: Sequence[float], pin: Pin | None, pinned: float | None) -> Release | None:
    if pin is None or pinned is None:
        return None
    return Release(name=pin.name or pin.night, by_pct=100 * math.expm1(median(logs[-STEP_NIGHTS:]) - pinned))


def _with(found: Look, suspicion: Suspicion | None, nights: Sequence[_Night], pin: Pin | None) -> Look:
    if suspicion is None:
        return found
    good = _last_other(nights[: suspicion.since], found.files)
    if suspicion.rule == "pinned" and pin is not None:
        good = Past(night=pin.night, files=pin.files) if pin.files != found.files else None
    return dataclasses.replace(found, suspicion=suspicion, good=good)


def _under(found: Look, alert: Alert, nights: Sequence[_Night]) -> Look:
    """Against the level before the alert: back, as slow as the alert says, or slower still."""
    before = [n.log for n in nights if n.night < alert.night]
    above = level_above(before, found.logs[-1])
    said = max(c.ratio or 1.0 for c in alert.confirmations)
    if above is not None and above - math.log(said) > PRACTICAL:
        further = above - math.log(said)
        suspicion = Suspicion(rule="level", by=further, threshold=PRACTICAL, since=len(nights) - 1)
        return _with(found, suspicion, nights, None)
    now = alert.confirmations[-1].now
    other = (
        found.files.model_sha256 != now.model_sha256
        if alert.changed == "model"
        else found.files.engine_sha256 != now.engine_sha256
    )
    back = other and above is not None and above <= PRACTICAL
    return dataclasses.replace(found, under=alert, back=back)


def _covers(alert: Alert, line: Line) -> bool:
    return line.key.variant in alert.variants


def _begin(line: Line, i: int, alerts: Iterable[Alert]) -> int:
    """The first point that tonight may be held against.

    That is its segment's. A young segment is joined with the one before it, so that a new engine or build does not
    pass unseen; not where the control changed, since then ratios have no common measure. What was accepted is left.
    """
    at = next(k for k, segment in enumerate(line.segments) if segment.first <= i < segment.end)
    segment = line.segments[at]
    begin = segment.first
    if at > 0 and i - begin < LEAST_NIGHTS:
        before = line.segments[at - 1]
        if line.basis == "value" or before.origin.control_sha256 == segment.origin.control_sha256:
            begin = before.first
    for alert in alerts:
        if alert.state == "accepted" and _covers(alert, line):
            later = (k for k, point in enumerate(line.points) if point.night >= alert.night)
            begin = max(begin, min(next(later, i), i))
    return begin


def _nights(line: Line, i: int, begin: int) -> list[_Night]:
    """Nights with a number up to point `i`, the last of several runs of one night."""
    found: dict[str, _Night] = {}
    for k in range(begin, i + 1):
        log = line.logs[k]
        if log is not None:
            found[line.points[k].night] = _Night(
                index=k, night=line.points[k].night, log=log, files=_files(line, k)
            )
    return sorted(found.values(), key=lambda night: night.index)


def _last_other(nights: Sequence[_Night], files: Files) -> Past | None:
    for night in reversed(nights):
        if night.files != files:
            return Past(night=night.night, files=night.files)
    return None


def _files(line: Line, i: int) -> Files:
    segment = next(s for s in line.segments if s.first <= i < s.end)
    return Files(model_sha256=line.points[i].variant_sha256, engine_sha256=segment.origin.engine_sha256)
