"""The verdict of a number and, in the same rules, the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence

from devbench.conditions.readback import MILD_IDS
from devbench.domain.summary import CellSummary, Estimate
from devbench.domain.taint import Taint
from devbench.stats import DELTA

LEAST_ROUNDS = 5


def verdict_of_number(profile: str, taints: Sequence[Taint], steady: Estimate | None) -> str:
    """`quick look`, `tainted`, `inconclusive` or `trusted` (docs/measuring.md); mild taints are only shown.

    Inconclusive: fewer than 5 runs, or an interval in which a change of 3 % could hide.
    """
    if profile == "quick":
        return "quick look"
    if any(taint.id not in MILD_IDS for taint in taints):
        return "tainted"
    return "inconclusive" if doubts_of(steady) else "trusted"


def doubts_of(steady: Estimate | None) -> tuple[str, ...]:
    """What keeps a number from deciding anything; empty when it may."""
    if steady is None or steady.value is None:
        return ("there is no steady latency",)
    if steady.low is None or steady.high is None:
        return ("one process gives no interval",)
    doubts = []
    if steady.rounds < LEAST_ROUNDS:
        doubts.append(f"{steady.rounds} processes measured it, at least {LEAST_ROUNDS} are needed")
    half = half_width(steady)
    if half is not None and half > DELTA:
        doubts.append(f"its interval reaches {100 * half:.1f} % from the value, {DELTA:.0%} is the limit")
    return tuple(doubts)


def half_width(estimate: Estimate) -> float | None:
    """The wider side of the interval, as a ratio - 1; None without an interval."""
    if not estimate.value or not estimate.low or estimate.high is None:
        return None
    return max(estimate.high / estimate.value, estimate.value / estimate.low) - 1.0


def why(summary: CellSummary) -> str:
    """One sentence on why the row wears its verdict."""
    if summary.status != "ok":
        return summary.failure.cause if summary.failure else "No attempt was made."
    steady = summary.estimate("latency", "steady")
    if summary.verdict == "tainted":
        ids = ", ".join(t.id for t in summary.taints if t.id not in MILD_IDS)
        return f"Measured under a bad condition: {ids}."
    if summary.verdict == "inconclusive":
        return f"It decides nothing yet: {'; '.join(doubts_of(steady))}."
    found = _interval_words(steady)
    if summary.verdict == "quick look":
        ids = ", ".join(t.id for t in summary.taints)
        return f"A quick look: {found}{f'; conditions met: {ids}' if ids else ''}."
    return f"{found}; no bad condition was met.".capitalize()


def _interval_words(steady: Estimate | None) -> str:
    if steady is None or steady.value is None:
        return "no steady latency"
    runs = "1 process" if steady.rounds == 1 else f"{steady.rounds} processes"
    half = half_width(steady)
    return f"{runs}, without an interval" if half is None else f"{runs} agree within ±{100 * half:.1f} %"
