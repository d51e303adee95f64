"""One phone's part of a run: the conditions it was measured under, what was changed on it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from devbench.domain.taint import Taint

PHONE_SESSION_SCHEMA = 1
Outcome = Literal["finished", "refused", "thermal-limited", "interrupted", "restarted", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something with a name and a reason: a gate that a phone cannot answer, a tweak that was left."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSession:
    """A line of sessions.jsonl, written when a phone's part ends; a resumed run has several a phone.

    A part that a reboot of the phone ended is `restarted`: another follows.

    `taints` were found at the gate and mark every result of the session, `refused` of them kept the phone out,
    `missing` are gates it could not answer. `changed` are the settings changed, in order; `put_back` is `host`,
    `watchdog` (the phone does it itself) or `nothing`; `differs` is what was not as before. `waited_s` at the gate,
    `rested_s` between processes. `connections_lost` counts those that came back and the last that did not, `away_s`
    is their time; `ladder` are the steps taken to get the phone back, `addresses` the transport serials it had.
    `canary_ns` by core group, `canary_ratio` by the best ever seen.
    """

    device: str
    started_at: str
    ended_at: str
    outcome: Outcome
    reason: str | None = None
    labels: tuple[str, ...] = ()
    taints: tuple[Taint, ...] = ()
    refused: tuple[str, ...] = ()
    missing: tuple[Note, ...] = ()
    clock_state: str = "free"
    changed: tuple[str, ...] = ()
    left: tuple[Note, ...] = ()
    put_back: str = "nothing"
    differs: tuple[str, ...] = ()
    waited_s: float = 0.0
    rested_s: float = 0.0
    rounds_added: int = 0
    rounds_redone: int = 0
    connections_lost: int = 0
    away_s: float = 0.0
    ladder: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    canary_ns: dict[str, float] | None = None
    canary_ratio: float | None = None
    schema: int = PHONE_SESSION_SCHEMA
