"""What the verdicts are worth, on simulated phones: planted effects, planted heating, and none of either.

The noise: between processes a standard deviation of 1–2 % (another one each session), inside one 5 % with an
autocorrelation of 0.6, 100 inferences a process, heating of 6 %. The procedure is the real one: 8 rounds in ABBA
order with a control, medians, paired intervals, rounds added in pairs until settled, 20 at most.
`python benchmarks/simulation.py [SESSIONS]`: the same numbers for the same count, since the seed is fixed.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from counted import Counted, show
from numpy.typing import NDArray

from devbench.stats import Drift, Paired, drift_over_rounds, paired, run_median, settled

BETWEEN_SD = (0.01, 0.02)
WITHIN_SD = 0.05
AUTOCORRELATION = 0.6
INFERENCES = 100
FIRST_ROUNDS, MOST_ROUNDS = 8, 20
EFFECT, HEATING = 0.05, 0.06
CONTROL, A, B = range(3)
LEVELS_NS = (300e3, 12e6, 12e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One session: what was called after the first rounds, what at its end, and whether drift was seen."""

    first: Paired
    last: Paired
    drift: Drift | None


def simulate(sessions: int, *, effect: float = 0.0, heating: float = 0.0, seed: int = 1) -> list[Simulated]:
    """`effect` slows B (0.05 = 5 %); `heating` slows the phone, in a straight line over the first 8 rounds."""
    rng = np.random.default_rng(seed)
    return [_session(rng, effect, heating) for _ in range(sessions)]


def counts_of(sessions: Sequence[Simulated], *, effect: float, heating: float) -> Iterable[Counted]:
    """What Done-when 1 of the protocol asks for; `small change` is told apart."""
    n = len(sessions)
    verdicts = [session.last.verdict for session in sessions]

    def counted(what: str, count: int, target: tuple[str, float] | None = None) -> Counted:
        return Counted(what=what, count=count, n=n, target=target)

    if effect:
        first = sum(session.first.verdict == "slower" for session in sessions)
        yield counted(f"+{effect:.0%} found after {FIRST_ROUNDS} rounds", first, (">=", 0.95))
        yield counted(f"+{effect:.0%} found at the end", verdicts.count("slower"), (">=", 0.95))
    else:
        wrong = verdicts.count("faster") + verdicts.count("slower")
        yield counted("called faster or slower", wrong, ("<=", 0.01))
        yield counted("called small change", verdicts.count("small change"))
    yield counted("concluded", n - verdicts.count("inconclusive"), (">=", 0.95))
    tainted = sum(session.drift is not None and session.drift.matters for session in sessions)
    yield counted("shown as DRIFT", tainted, (">=", 0.95) if heating else None)


def _session(rng: np.random.Generator, effect: float, heating: float) -> Simulated:
    spread = rng.uniform(*BETWEEN_SD)
    within = _within(rng, 3 * MOST_ROUNDS)
    values: tuple[dict[int, float], ...] = ({}, {}, {})
    first: Paired | None = None
    place, order = 0, [CONTROL, A, B]
    for round_ in range(1, MOST_ROUNDS + 1):
        # random order in odd rounds, its reverse in the next
        order = [int(i) for i in rng.permutation(3)] if round_ % 2 else order[::-1]
        for which in order:
            warmth = 1.0 + heating * min(1.0, place / (3 * FIRST_ROUNDS - 1))
            slower = 1.0 + effect if which == B else 1.0
            level = LEVELS_NS[which] * slower * warmth * math.exp(rng.normal(0.0, spread))
            values[which][round_] = run_median(level * np.exp(within[place]))
            place += 1
        if round_ < FIRST_ROUNDS or round_ % 2:
            continue
        pair = paired(values[A], values[B])
        assert pair is not None
        first = first or pair
        if settled(pair.low, pair.high) or round_ == MOST_ROUNDS:
            return Simulated(first=first, last=pair, drift=drift_over_rounds(values))
    raise AssertionError("unreachable: the last round returns")


def _within(rng: np.random.Generator, processes: int) -> NDArray[np.float64]:
    """Stationary AR(1) noise of the inferences of each process."""
    noise = rng.normal(0.0, WITHIN_SD, (INFERENCES, processes))
    noise[1:] *= math.sqrt(1.0 - AUTOCORRELATION**2)
    for i in range(1, INFERENCES):
        noise[i] += AUTOCORRELATION * noise[i - 1]
    return noise.T


def main(sessions: int) -> int:
    good = True
    for effect, heating in ((0.0, 0.0), (EFFECT, 0.0), (0.0, HEATING), (EFFECT, HEATING)):
        what = f"+{effect:.0%}" if effect else "A/A"
        print(f"-- {what}{f', heating {heating:.0%}' if heating else ''}, {sessions} simulated sessions")
        done = simulate(sessions, effect=effect, heating=heating)
        good = show(counts_of(done, effect=effect, heating=heating)) and good
        print(f"rounds a session: {np.mean([session.last.rounds for session in done]):.1f}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
