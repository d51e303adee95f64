"""From confirmations to alerts: one for each cause, once it showed on two phones or in two nights."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from datetime import date

from devbench.nightly.alert import Alert, Confirmation, subject_of
from devbench.nightly.look import Look
from devbench.stats import geometric_mean

WATCH_NIGHTS = 7


def grouped(
    tonight: Iterable[Confirmation], known: Sequence[Alert], *, night: str, now: str
) -> tuple[Alert, ...]:
    """Alerts that are new or changed by what was confirmed tonight; `now` is the time as text."""
    causes: dict[tuple[str, ...], list[Confirmation]] = {}
    for confirmation in tonight:
        if confirmation.outcome == "regression":
            causes.setdefault(subject_of(confirmation), []).append(confirmation)
    found = []
    for subject, confirmations in causes.items():
        watched = next((a for a in known if a.subject == subject and _watched(a, night)), None)
        every = (*(watched.confirmations if watched else ()), *confirmations)
        found.append(_alert(every, watched, now))
    return tuple(found)


def resolved(looks: Iterable[Look], known: Sequence[Alert], *, now: str) -> tuple[Alert, ...]:
    """Open alerts whose phones were all measured with other files and are as fast as before."""
    found = []
    looks = tuple(look for look in looks if look.under is not None)
    for alert in known:
        own = [k for k in looks if k.under == alert and k.line.key.device in alert.devices]
        phones = {k.line.key.device for k in own}
        if alert.state == "open" and phones == set(alert.devices) and all(k.back for k in own):
            found.append(
                dataclasses.replace(alert, state="resolved", changed_at=now, reason="as fast as before")
            )
    return tuple(found)


def _watched(alert: Alert, night: str) -> bool:
    """Seen lately enough for another phone or night to count together with it."""
    last = max(c.night for c in alert.confirmations)
    return (
        alert.state == "watch" and (date.fromisoformat(night) - date.fromisoformat(last)).days <= WATCH_NIGHTS
    )


def _alert(confirmations: Sequence[Confirmation], watched: Alert | None, now: str) -> Alert:
    evidence = {(c.device, c.night) for c in confirmations}
    first = confirmations[0]
    ratio, low, high = _over_phones(confirmations)
    return Alert(
        alert=watched.alert if watched else _name(first),
        state="open" if len(evidence) >= 2 else "watch",
        changed=first.changed or "model",
        night=min(c.night for c in confirmations),
        variants=tuple(dict.fromkeys(c.variant for c in confirmations)),
        devices=tuple(dict.fromkeys(c.device for c in confirmations)),
        ratio=ratio,
        low=low,
        high=high,
        confirmations=tuple(confirmations),
        changed_at=now,
    )


def _over_phones(confirmations: Sequence[Confirmation]) -> tuple[float, float | None, float | None]:
    """A phone counts once, with the geometric mean of its own; one confirmation has its own interval."""
    by_phone: dict[str, list[float]] = {}
    for confirmation in confirmations:
        if confirmation.ratio is not None:
            by_phone.setdefault(confirmation.device, []).append(confirmation.ratio)
    if len(confirmations) == 1:
        return confirmations[0].ratio or 1.0, confirmations[0].low, confirmations[0].high
    mean = geometric_mean([geometric_mean(ratios).value for ratios in by_phone.values()])
    return mean.value, mean.low, mean.high


def _name(first: Confirmation) -> str:
    """`20260109-3f2a`: the night, and a mark of the cause."""
    mark = hashlib.sha256("\n".join((*subject_of(first), first.now.model_sha256)).encode()).hexdigest()[:4]
    return f"{first.night.replace('-', '')}-{mark}"
