"""A against B on one phone, paired by round, because pairing cancels the drift that both suffered alike."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from devbench.stats.interval import Interval, log_t_interval, t_interval
from devbench.stats.student import t_quantile, t_two_sided_p

DELTA = 0.03
_WIDTH = DELTA / 1.5
_MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """`ratio` is B over A with its 95 % interval, `p_value` that of ratio 1.

    `verdict`: `faster`, `slower`, `small change`, `same` or `inconclusive` (docs/measuring.md).
    `rounds_needed` is how many rounds would narrow the interval to ±2 %; None below two rounds.
    """

    ratio: float
    low: float | None
    high: float | None
    rounds: int
    p_value: float | None
    verdict: str
    rounds_needed: int | None


def paired(a: Mapping[int, float], b: Mapping[int, float], *, delta: float = DELTA) -> Paired | None:
    """Compare run values by round; only rounds that both have count. None when they share no round."""
    differences = [math.log(b[r]) - math.log(a[r]) for r in sorted(a.keys() & b.keys())]
    if not differences:
        return None
    centre = t_interval(differences)
    low = None if centre.low is None else math.exp(centre.low)
    high = None if centre.high is None else math.exp(centre.high)
    p_value = _p_value(differences)
    ratio = math.exp(centre.value)
    return Paired(
        ratio=ratio,
        low=low,
        high=high,
        rounds=len(differences),
        p_value=p_value,
        verdict=verdict_of(ratio, low, high, differs=p_value is not None and p_value < 0.05, delta=delta),
        rounds_needed=rounds_needed(differences),
    )


def verdict_of(
    ratio: float, low: float | None, high: float | None, *, differs: bool, delta: float = DELTA
) -> str:
    """The word for an interval; `differs` says whether it still excludes 1 after Holm's correction."""
    if low is None or high is None:
        return "inconclusive"
    if differs and abs(ratio - 1.0) >= delta:
        return "faster" if ratio < 1.0 else "slower"
    if differs:
        return "small change"
    return "same" if 1.0 / (1.0 + delta) <= low and high <= 1.0 + delta else "inconclusive"


def holm(p_values: Sequence[float | None], *, alpha: float = 0.05) -> tuple[bool, ...]:
    """Which hypotheses are rejected when all are tested together; an unknown p (None) never is."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    rejected = [False] * len(p_values)
    for rank, (p, index) in enumerate(known):
        if p >= alpha / (len(known) - rank):
            break
        rejected[index] = True
    return tuple(rejected)


def rounds_needed(differences: Sequence[float]) -> int | None:
    """The least number of rounds whose interval would be no wider than ±2 %, at the spread seen so far."""
    if len(differences) < 2:
        return None
    spread = float(np.std(np.asarray(differences), ddof=1))

    def narrow(rounds: int) -> bool:
        return t_quantile(0.975, rounds - 1) * spread / math.sqrt(rounds) <= math.log1p(_WIDTH)

    return bisect_left(range(_MOST_ROUNDS), True, lo=2, key=narrow)


def geometric_mean(ratios: Sequence[float]) -> Interval:
    """Ratios of several phones as one, with the interval over phones (never pool times over phones)."""
    return log_t_interval(ratios)


def _p_value(differences: Sequence[float]) -> float | None:
    if len(differences) < 2:
        return None
    values = np.asarray(differences)
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    if error == 0:
        return 1.0 if values.mean() == 0 else 0.0
    return t_two_sided_p(float(values.mean()) / error, len(values) - 1)
