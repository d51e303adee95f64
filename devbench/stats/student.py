"""Student's t distribution for whole degrees of freedom, so that intervals need no scipy at run time.

Then the distribution function is a finite sum (Abramowitz & Stegun 26.7.3 and 26.7.4), exact to rounding;
the quantile inverts it by Newton's method inside a shrinking bracket.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist


def t_two_sided_p(t: float, df: int) -> float:
    """P(|T| ≥ |t|) for `df` ≥ 1 degrees of freedom."""
    return max(0.0, 1.0 - _central(abs(t), df))


@cache
def t_quantile(p: float, df: int) -> float:
    """The value that T stays below with probability `p` (0 < p < 1), `df` ≥ 1 degrees of freedom."""
    if not 0.0 < p < 1.0:
        raise ValueError(f"p must lie between 0 and 1, not {p}")
    if df < 1:
        raise ValueError(f"at least one degree of freedom is needed, not {df}")
    if p < 0.5:
        return -t_quantile(1.0 - p, df)
    wanted = 2.0 * p - 1.0
    low, high = 0.0, max(1.0, NormalDist().inv_cdf(p))
    while _central(high, df) < wanted:
        low, high = high, high * 2.0
    t = (low + high) / 2.0
    for _ in range(200):
        error = _central(t, df) - wanted
        low, high = (t, high) if error < 0 else (low, t)
        step = t - error / (2.0 * _density(t, df))
        following = step if low < step < high else (low + high) / 2.0
        if abs(following - t) <= 1e-15 * max(1.0, t):
            return following
        t = following
    return t


def _central(t: float, df: int) -> float:
    """P(|T| < t)."""
    theta = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(theta), math.cos(theta)
    squared = cosine * cosine
    if df % 2:
        term, total = cosine, 0.0
        for k in range(3, df + 1, 2):
            total += term
            term *= squared * (k - 1) / k
        return 2.0 / math.pi * (theta + sine * total)
    term, total = 1.0, 0.0
    for k in range(2, df + 1, 2):
        total += term
        term *= squared * (k - 1) / k
    return sine * total


def _density(t: float, df: int) -> float:
    log_scale = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    return math.exp(log_scale - (df + 1) / 2 * math.log1p(t * t / df))
