"""What a night may say about a model: files that changed, what measuring again told, and the alert it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ALERT_SCHEMA = 1
Changed = Literal["model", "engine"]
# "same-files": neither model nor engine changed, so there is nothing to be held against each other
Outcome = Literal["regression", "not-confirmed", "same-files", "not-measured"]
State = Literal["watch", "open", "accepted", "resolved"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a number was measured with, by content."""

    model_sha256: str
    engine_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """One suspicious line measured again: `now` against `then`, the files of night `good_night`.

    `by_pct` is what the screen saw. `ratio` is now over then with its 95 % interval over `rounds`; None where it
    was not measured, and `reason` says why. `line` is the line's key as text, `setup` the same in words, without
    phone and variant; `folder` is where the run lies below the lab's folder.
    """

    night: str
    device: str
    variant: str
    setup: str
    line: str
    rule: str
    by_pct: float
    outcome: Outcome
    now: Files
    then: Files | None = None
    good_night: str | None = None
    changed: Changed | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    rounds: int = 0
    folder: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One cause: a model file (of one variant) or an engine (of all variants that ran on it) became slower.

    `watch`: confirmed, but on one phone in one night only. `open` until it is `accepted`, which begins a new
    segment of every line of its variants on the night it came, or `resolved`: other files are as fast as before.
    `night` is that of its first confirmation. `ratio` is the geometric mean over phones, with its interval where
    there are two.
    """

    alert: str
    state: State
    changed: Changed
    night: str
    variants: tuple[str, ...]
    devices: tuple[str, ...]
    ratio: float
    low: float | None
    high: float | None
    confirmations: tuple[Confirmation, ...]
    changed_at: str
    reason: str | None = None
    schema: int = ALERT_SCHEMA

    @property
    def subject(self) -> tuple[str, ...]:
        """What two confirmations of one cause have in common, whatever the phone and the night."""
        return subject_of(self.confirmations[0])


def subject_of(confirmation: Confirmation) -> tuple[str, ...]:
    """The variant whose file changed, or the engine library that came."""
    if confirmation.changed == "engine":
        return ("engine", confirmation.now.engine_sha256)
    return ("model", confirmation.variant)
