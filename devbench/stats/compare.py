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
ALPHA = 0.05
# an interval that reaches less than delta/2 to each side either excludes 1 or lies within delta: it always decides
_NARROW_PARTS = 2.0
_MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """`ratio` is B over A with its 95 % interval, `p_value` that of ratio 1.

    `p_equivalent` is that of a ratio outside ± delta (the larger of two one-sided tests): at most 0.025 just where
    the interval lies inside. `verdict`: `faster`, `slower`, `small change`, `same` or `inconclusive`.
    `rounds_needed` is how many rounds would decide, at this spread and mean; None below two rounds.
    """

    ratio: float
    low: float | None
    high: float | None
    rounds: int
    p_value: float | None
    p_equivalent: float | None
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
        p_equivalent=p_equivalent(differences, delta=delta),
        verdict=verdict_of(ratio, low, high, differs=p_value is not None and p_value < ALPHA, delta=delta),
        rounds_needed=rounds_needed(differences, delta=delta),
    )


def verdict_of(
    ratio: float, low: float | None, high: float | None, *, differs: bool, delta: float = DELTA
) -> str:
    """The word for an interval; `differs` says whether it still excludes 1 after Holm's correction.

    Where Holm takes a difference back, what is left is `same` (inside ± delta all the same) or `inconclusive`.
    """
    if low is None or high is None:
        return "inconclusive"
    if differs and abs(ratio - 1.0) >= delta:
        return "faster" if ratio < 1.0 else "slower"
    if differs:
        return "small change"
    return "same" if 1.0 / (1.0 + delta) <= low and high <= 1.0 + delta else "inconclusive"


def settled(low: float | None, high: float | None, *, delta: float = DELTA) -> bool:
    """Whether more rounds are not needed: the interval is narrow (± delta/2), or lies wholly beyond delta.

    It asks for the width, never for significance: looking again until a difference shows would find one.
    """
    if low is None or high is None:
        return False
    half_width = math.log(high / low) / 2.0
    return half_width <= narrow_enough(delta) or low > 1.0 + delta or high < 1.0 / (1.0 + delta)


def narrow_enough(delta: float = DELTA) -> float:
    """The half-width, in logs, at which an interval of a ratio always decides."""
    return math.log1p(delta) / _NARROW_PARTS


def holm(p_values: Sequence[float | None], *, alpha: float = ALPHA) -> tuple[bool, ...]:
    """Which hypotheses are rejected when all are tested together; an unknown p (None) never is."""
    return tuple(p is not None and p < alpha for p in holm_adjusted(p_values))


def holm_adjusted(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """P values as they are after Holm's step-down correction: each is below alpha just where Holm rejects."""
    known = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, index) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        adjusted[index] = largest
    return tuple(adjusted)


def rounds_needed(differences: Sequence[float], *, delta: float = DELTA) -> int | None:
    """The least number of rounds whose interval would decide, at the spread and the mean seen so far.

    It decides when it is narrow (± delta/2), or sooner when a large difference lies beyond delta with all of it.
    """
    if len(differences) < 2:
        return None
    values = np.asarray(differences)
    beyond = abs(float(np.mean(values))) - math.log1p(delta)
    return rounds_for_spread(float(np.std(values, ddof=1)), delta=delta, enough=beyond)


def rounds_for_spread(paired_sd: float, *, delta: float = DELTA, enough: float = 0.0) -> int:
    """As `rounds_needed`, for a known standard deviation of the differences of logs; 1000 at most.

    `enough` is a half-width that decides, where one wider than ± delta/2 does.
    """
    wanted = max(enough, narrow_enough(delta))

    def narrow(rounds: int) -> bool:
        return half_width_at(paired_sd, rounds) <= wanted

    return bisect_left(range(_MOST_ROUNDS), True, lo=2, key=narrow)


def half_width_at(paired_sd: float, rounds: int) -> float:
    """The half-width, in logs, of a 95 % interval over so many (at least 2) rounds."""
    return t_quantile(0.975, rounds - 1) * paired_sd / math.sqrt(rounds)


def p_equivalent(differences: Sequence[float], *, delta: float = DELTA) -> float | None:
    """P value of two one-sided t tests (Schuirmann 1987) that the true ratio lies outside 1/(1+delta) … 1+delta."""
    if len(differences) < 2:
        return None
    bound = math.log1p(delta)
    inside = bound - abs(float(np.mean(differences)))
    error = _standard_error(differences)
    if error == 0:
        return 0.0 if inside > 0 else 1.0
    tail = t_two_sided_p(inside / error, len(differences) - 1) / 2.0
    return tail if inside > 0 else 1.0 - tail


def geometric_mean(ratios: Sequence[float]) -> Interval:
    """Ratios of several phones as one, with the interval over phones (never pool times over phones)."""
    return log_t_interval(ratios)


def _p_value(differences: Sequence[float]) -> float | None:
    if len(differences) < 2:
        return None
    mean, error = float(np.mean(differences)), _standard_error(differences)
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return t_two_sided_p(mean / error, len(differences) - 1)


def _standard_error(differences: Sequence[float]) -> float:
    return float(np.std(np.asarray(differences), ddof=1)) / math.sqrt(len(differences))
