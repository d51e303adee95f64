"""How large a standard deviation is, how surely it is known, and how often it would be taken for a difference."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.compare import DELTA, verdict_of
from devbench.stats.gamma import chi_square_quantile
from devbench.stats.interval import Interval
from devbench.stats.student import t_quantile

_RESAMPLED = 200


def pooled_sd(groups: Sequence[Sequence[float]]) -> Interval | None:
    """The standard deviation inside groups, with its 95 % interval for normal values; None without freedom."""
    arrays = [np.asarray(group, dtype=np.float64) for group in groups if len(group) >= 2]
    freedom = sum(len(group) - 1 for group in arrays)
    if freedom < 1:
        return None
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in arrays)
    low, high = (math.sqrt(squares / chi_square_quantile(p, freedom)) for p in (0.975, 0.025))
    return Interval(math.sqrt(squares / freedom), low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoSessions:
    """What sessions of `rounds` rounds would be called, made of differences A − B measured where A is B.

    Each draws rounds without putting back, and changes A for B in each by the toss of a coin, which is allowed
    because they are the same. `calls` counts verdicts, `wrong` is the share called `faster` or `slower`; 95 % of
    what other rounds of the same kind would have given lies from `wrong_low` to `wrong_high` (bootstrap).
    """

    rounds: int
    sessions: int
    calls: dict[str, int]
    wrong: float
    wrong_low: float
    wrong_high: float


def pseudo_sessions(
    differences: Sequence[float], rounds: int, *, delta: float = DELTA, sessions: int = 2000, seed: int = 0
) -> PseudoSessions | None:
    """None below 3 rounds. With as many rounds as were measured a session differs only by its coins."""
    values = np.asarray(differences, dtype=np.float64)
    taken = min(rounds, len(values))
    if taken < 3:
        return None
    rng = np.random.default_rng(seed)
    calls = _calls(values, taken, delta, sessions, rng)
    again = [
        _wrong(_calls(rng.choice(values, len(values)), taken, delta, sessions // 10, rng))
        for _ in range(_RESAMPLED)
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    return PseudoSessions(
        rounds=taken, sessions=sessions, calls=dict(calls), wrong=_wrong(calls), wrong_low=float(low),
        wrong_high=float(high),
    )  # fmt: skip


def _calls(
    values: NDArray[np.float64], rounds: int, delta: float, sessions: int, rng: np.random.Generator
) -> Counter[str]:
    drawn = rng.permuted(np.tile(values, (sessions, 1)), axis=1)[:, :rounds]
    drawn = drawn * rng.choice([-1.0, 1.0], drawn.shape)
    means = drawn.mean(axis=1)
    halves = t_quantile(0.975, rounds - 1) * drawn.std(axis=1, ddof=1) / math.sqrt(rounds)
    calls: Counter[str] = Counter()
    for mean, half in zip(means.tolist(), halves.tolist(), strict=True):
        low, high = math.exp(mean - half), math.exp(mean + half)
        calls[verdict_of(math.exp(mean), low, high, differs=abs(mean) > half, delta=delta)] += 1
    return calls


def _wrong(calls: Counter[str]) -> float:
    return (calls["faster"] + calls["slower"]) / calls.total()
