"""What a gate looks at and what it finds, because a phone that cannot tell is neither good nor bad."""

from __future__ import annotations

from dataclasses import dataclass, field

from devbench.domain.device import DeviceInfo, DeviceState
from devbench.domain.taint import Taint


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What gates need beside `DeviceInfo` and `DeviceState`; None where unknown, `missing` says why by field.

    `foreign_cpu_pct` is the CPU that others used, in percent of one core over `foreign_window_s`; `busiest`
    names who. `canary_ratio` is the micro-benchmark's time by its baseline's. `needs_screen` is true for an
    app, which is slowed down behind a dark or locked screen.
    """

    boot_completed: bool | None = None
    battery_saver: bool | None = None
    screen_on: bool | None = None
    screen_locked: bool | None = None
    foreign_cpu_pct: float | None = None
    foreign_window_s: float | None = None
    busiest: tuple[str, ...] = ()
    canary_ratio: float | None = None
    expected_peak_bytes: int | None = None
    needs_screen: bool = False
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One phone at one moment, with all that is known of it."""

    info: DeviceInfo
    state: DeviceState
    facts: Facts

    def why_missing(self, *fields: str, otherwise: str) -> str:
        """The recorded reason for the first of `fields` that has one."""
        reasons = (self.facts.missing.get(f) or self.state.missing.get(f) for f in fields)
        return next((reason for reason in reasons if reason), otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A gate that this phone cannot answer, and why: no pass and no failure."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was found at once: problems, gates without an answer, labels (which never refuse)."""

    taints: tuple[Taint, ...] = ()
    missing: tuple[Missing, ...] = ()
    labels: tuple[str, ...] = ()
