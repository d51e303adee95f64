"""Student's t distribution, so that intervals need no scipy at run time.

Its tail is an incomplete beta function (Abramowitz & Stegun 26.7.1), P(|T| ≥ t) = I(df/2, 1/2) at df/(df + t²); the
quantile inverts it by Newton's method inside a shrinking bracket.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

from devbench.stats.beta import incomplete_beta, log_gamma_step


def t_two_sided_p(t: float, df: float) -> float:
    """P(|T| ≥ |t|) for `df` > 0 degrees of freedom, with small tails as exact as large ones."""
    if df <= 0:
        raise ValueError(f"degrees of freedom must be above 0, not {df}")
    squared = t * t / df
    if squared == 0.0 or math.isinf(squared):
        return 1.0 if squared == 0.0 else 0.0
    return incomplete_beta(1.0 / (1.0 + squared), squared / (1.0 + squared), df / 2.0, 0.5)


@cache
def t_quantile(p: float, df: float) -> float:
    """The value that T stays below with probability `p` (0 < p < 1), `df` ≥ 1 degrees of freedom."""
    if not 0.0 < p < 1.0:
        raise ValueError(f"p must lie between 0 and 1, not {p}")
    if df < 1:
        raise ValueError(f"at least one degree of freedom is needed, not {df}")
    if p <= 0.5:
        return 0.0 if p == 0.5 else -_above(2.0 * p, df)
    return _above(2.0 * (1.0 - p), df)


def _above(tail: float, df: float) -> float:
    """The t > 0 with P(|T| ≥ t) = `tail`."""
    low, high = 0.0, max(1.0, NormalDist().inv_cdf(1.0 - tail / 2.0))
    while t_two_sided_p(high, df) > tail:
        low, high = high, high * 2.0
    t = (low + high) / 2.0
    for _ in range(200):
        error = t_two_sided_p(t, df) - tail
        low, high = (t, high) if error > 0 else (low, t)
        step = t + error / (2.0 * _density(t, df))
        following = step if low < step < high else (low + high) / 2.0
        if abs(following - t) <= 1e-15 * max(1.0, t):
            return following
        t = following
    return t


def _density(t: float, df: float) -> float:
    log_scale = log_gamma_step(df / 2.0) - 0.5 * math.log(df * math.pi)
    return math.exp(log_scale - (df + 1) / 2 * math.log1p(t * t / df))
