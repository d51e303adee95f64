"""What was done with a phone in words: its gate, what was changed and put back, rests, and how its part ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devbench.domain.phone_session import Note, PhoneSession
from devbench.domain.taint import Taint
from devbench.reports.base import Report
from devbench.units import show

_OUTCOMES = {
    "finished": "measured to its end",
    "refused": "left out: its gate refused it",
    "thermal-limited": "stopped early: it got too warm and would not cool down; what is measured stands, the "
    "rest is missing",
    "interrupted": "interrupted from outside; `devbench run --resume` does the rest",
    "restarted": "the phone started anew in its middle; a session of its new start follows",
    "lost": "the phone was gone before its part was done; `devbench run --resume` does the rest",
}
_PUT_BACK = {
    "host": "put back by this host",
    "watchdog": "left to the phone's own watchdog to put back",
    "nothing": "not put back",
}
_CLOCKS = {
    "locked": "locked: every CPU held at one step",
    "fixed-performance": "Android's fixed-performance mode",
    "free": "free: the phone chose them",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFinding:
    """A condition met at the gate; `allowed`: the session went on with it, and every number carries it."""

    taint: Taint
    allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCard:
    """One part of a run on a phone; `limited` when it did not reach its end."""

    title: str
    limited: bool
    outcome: str
    facts: tuple[tuple[str, str], ...]
    gate: tuple[GateFinding, ...]
    missing: tuple[Note, ...]
    changed: tuple[str, ...]
    put_back: str
    left: tuple[Note, ...]
    differs: tuple[str, ...]


def session_cards(report: Report, device: str) -> tuple[SessionCard, ...]:
    """The parts of this phone in the order in which they were written; a resumed run has several."""
    mine = [s for s in report.run.sessions if s.device == device]
    return tuple(_card(session, i, len(mine)) for i, session in enumerate(mine, start=1))


def outcome_words(session: PhoneSession) -> str:
    """How it ended, with the reason that was recorded."""
    words = _OUTCOMES[session.outcome]
    return f"{words} ({session.reason})" if session.reason else words


def _card(session: PhoneSession, number: int, count: int) -> SessionCard:
    return SessionCard(
        title="Session" if count == 1 else f"Session {number} of {count}",
        limited=session.outcome != "finished",
        outcome=outcome_words(session),
        facts=tuple(_facts(session)),
        gate=tuple(GateFinding(taint=t, allowed=t.id not in session.refused) for t in session.taints),
        missing=session.missing,
        changed=session.changed,
        put_back=_PUT_BACK.get(session.put_back, session.put_back),
        left=session.left,
        differs=session.differs,
    )


def _facts(session: PhoneSession) -> Iterator[tuple[str, str]]:
    yield "clocks", _CLOCKS.get(session.clock_state, session.clock_state)
    yield (
        "waiting",
        f"{_seconds(session.waited_s)} at the gate, {_seconds(session.rested_s)} between processes",
    )
    if session.rounds_added or session.rounds_redone:
        yield "rounds", f"{session.rounds_added} added, {session.rounds_redone} measured again"
    if session.connections_lost:
        times = "once" if session.connections_lost == 1 else f"{session.connections_lost} times"
        steps = f"; steps of the ladder: {', '.join(session.ladder)}" if session.ladder else ""
        yield "connection", f"lost {times}, {_seconds(session.away_s)} away{steps}"
    if session.canary_ns:
        times = ", ".join(f"{group} {show(ns, 'ns')}" for group, ns in sorted(session.canary_ns.items()))
        ratio = (
            "" if session.canary_ratio is None else f"; {session.canary_ratio:.2f} × the best ever seen here"
        )
        yield "canary", times + ratio


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.1f} min"
