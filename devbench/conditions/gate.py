"""What to do about bad conditions: refuse, wait with a visible countdown, or go on with the taint in the result."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from devbench.conditions.facts import Findings
from devbench.conditions.rules import GATE_IDS, PATIENCE_S
from devbench.domain.device import DeviceInfo, Reject
from devbench.domain.taint import Taint
from devbench.errors import UsageError

STEP_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A careful session refuses what is not allowed by id; another goes on whatever it finds."""

    careful: bool
    allow: frozenset[str] = frozenset()

    def refused(self, findings: Findings) -> tuple[Taint, ...]:
        """The problems that this session does not go on with."""
        if not self.careful:
            return ()
        return tuple(taint for taint in findings.taints if taint.id not in self.allow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """How a phone came through: `taints` belong in its results, `refused` keep it out."""

    findings: Findings
    refused: tuple[Taint, ...]
    waited_s: float

    @property
    def passed(self) -> bool:
        return not self.refused

    @property
    def taints(self) -> tuple[Taint, ...]:
        return self.findings.taints

    def reject(self, info: DeviceInfo) -> Reject:
        """Why this phone is left out: every problem with its numbers, every way out, and the way around."""
        ids = ",".join(taint.id for taint in self.refused)
        fixes = "; ".join(dict.fromkeys(taint.fix for taint in self.refused))
        return Reject(
            serial=info.serial,
            state="conditions",
            reason="; ".join(f"{t.id}: {t.sentence} {t.detail}" for t in self.refused),
            fix=f"{fixes}; or --allow {ids} to go on with a tainted result",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """What a user sees while a phone is waited for."""

    ids: tuple[str, ...]
    left_s: float
    detail: str


def parse_allow(text: str) -> frozenset[str]:
    """`HOT,LOW-BATTERY` as ids; UsageError names the nearest id that exists."""
    wanted = {part.strip().upper() for part in text.split(",") if part.strip()}
    for unknown in sorted(wanted - set(GATE_IDS)):
        near = difflib.get_close_matches(unknown, GATE_IDS, n=1) or GATE_IDS
        raise UsageError(f"--allow: no condition is called {unknown}", fix=f"try {', '.join(near)}")
    return frozenset(wanted)


def pass_gate(
    gate: Gate,
    look: Callable[[], Findings],
    *,
    wait: Callable[[float], None],
    told: Callable[[Countdown], None],
    clock: Callable[[], float] = time.monotonic,
) -> Passage:
    """Looks until nothing is refused or waiting is of no use; `wait` may raise to end it.

    A problem that does not pass by itself ends the waiting at once, and all problems are in the answer.
    """
    started = clock()
    while True:
        findings = look()
        refused = gate.refused(findings)
        waited = clock() - started
        left = _patience_s(refused) - waited
        if not refused or left <= 0:
            return Passage(findings=findings, refused=refused, waited_s=waited)
        told(
            Countdown(
                ids=tuple(t.id for t in refused), left_s=left, detail="; ".join(t.detail for t in refused)
            )
        )
        wait(min(STEP_S, left))


def _patience_s(refused: Iterable[Taint]) -> float:
    return min((PATIENCE_S.get(taint.id, 0.0) for taint in refused), default=0.0)
