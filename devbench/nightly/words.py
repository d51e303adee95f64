"""A night in words, for the console, a chat, a page. Nothing here names a serial: phones go by their names."""

from __future__ import annotations

import math

from devbench.nightly.alert import Alert, Confirmation
from devbench.nightly.night import Night
from devbench.nightly.trial import setup_of
from devbench.stats.screen import STEP_NIGHTS
from devbench.units import signed, signed_pct


def headline(night: Night) -> str:
    """The night in one sentence, the worst first."""
    measured = f"{night.jobs - night.jobs_missing} of {night.jobs} jobs on {_count(night.phones, 'phone')}"
    if night.interrupted:
        return f"Night {night.night}: interrupted after {measured}"
    if night.no_phone:
        return f"Night {night.night}: no usable phone"
    if night.opened:
        return f"Night {night.night}: {_count(len(night.opened), 'regression')} confirmed; {measured}"
    if night.alerts:
        return f"Night {night.night}: no new regression, {len(night.alerts)} still open; {measured}"
    return f"Night {night.night}: no regression; {measured}"


def sentences(night: Night) -> tuple[str, ...]:
    """Everything worth telling, a sentence each, after the headline."""
    found = [f"{alert_sentence(alert)} → {way_out(alert)}" for alert in night.opened]
    old = [alert for alert in night.alerts if alert not in night.opened]
    found += [f"still open: {alert_sentence(alert)} → {way_out(alert)}" for alert in old]
    found += [f"resolved: {alert_sentence(alert)}" for alert in night.resolved]
    found += [
        f"watched, since one phone in one night may be chance: {alert_sentence(a)}" for a in night.watched
    ]
    found += [confirmation_sentence(c) for c in night.confirmations if c.outcome != "regression"]
    found += [f"not there tonight: {phone}" for phone in night.absent]
    found += [f"no number tonight: {gap}" for gap in night.gaps]
    found += [
        f"{k.line.key.device}: {k.line.key.variant} ({setup_of(k.line.key)}) is {signed(k.release.by_pct)} % "
        f"against release {k.release.name}, by the median of {min(k.nights, STEP_NIGHTS)} nights"
        for k in night.looks
        if k.release is not None
    ]
    if night.young:
        found.append(f"{night.young} of {night.lines} lines have fewer than 7 nights to be held against")
    return tuple(found)


def alert_sentence(alert: Alert) -> str:
    """`mobilenet-int8 +5.1 % (4.0 … 6.2) on 3 phones since 2026-01-09: a new model file [20260109-3f2a]`."""
    names = ", ".join(alert.variants[:3]) + (
        f" and {len(alert.variants) - 3} more" if len(alert.variants) > 3 else ""
    )
    cause = "a new model file" if alert.changed == "model" else "a new engine"
    where = (
        alert.devices[0]
        if len(alert.devices) == 1
        else f"{len(alert.devices)} phones ({', '.join(alert.devices)})"
    )
    effect = percent(alert.ratio) + _interval(alert.low, alert.high)
    return f"{names} {effect} on {where} since {alert.night}: {cause} [{alert.alert}]"


def way_out(alert: Alert) -> str:
    return f"mend it, or devbench baseline accept {alert.alert}"


def confirmation_sentence(confirmation: Confirmation) -> str:
    """What became of a suspicion."""
    where = f"{confirmation.device}: {confirmation.variant} ({confirmation.setup})"
    seen = f"looked {signed(confirmation.by_pct)} %"
    if confirmation.ratio is None:
        return f"{where} {seen}; not measured again: {confirmation.reason}"
    measured = f"{percent(confirmation.ratio)}{_interval(confirmation.low, confirmation.high)}"
    word = "confirmed" if confirmation.outcome == "regression" else "not confirmed"
    return f"{where} {seen}; against {confirmation.good_night} it is {measured}: {word}"


def markdown(night: Night) -> str:
    """A step summary: headline, alerts as a table, the rest as a list."""
    lines = [f"### {_escaped(headline(night))}", ""]
    if night.alerts:
        lines += ["| alert | models | phones | slower | since |", "|---|---|---|---|---|"]
        for alert in night.alerts:
            effect = f"{percent(alert.ratio)}{_interval(alert.low, alert.high)}"
            words = (alert.alert, ", ".join(alert.variants), ", ".join(alert.devices), effect, alert.night)
            lines.append("| " + " | ".join(_escaped(word) for word in words) + " |")
        lines.append("")
    lines += [f"- {_escaped(sentence)}" for sentence in sentences(night)]
    return "\n".join(lines) + "\n"


def percent(ratio: float) -> str:
    return signed_pct(ratio - 1)


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None or not math.isfinite(low * high):
        return ""
    return f" ({signed(100 * (low - 1))} … {signed(100 * (high - 1))})"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _escaped(text: str) -> str:
    """Names are data: no name makes markup, a link or a new line."""
    flat = " ".join(text.split())
    for sign in "\\`*_[]<>|#~":
        flat = flat.replace(sign, f"\\{sign}" if sign != "<" else "&lt;")
    return flat
