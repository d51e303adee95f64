"""Student's t distribution, so that intervals need no scipy at run time.

Its tail is a regularised incomplete beta function, P(|T| ≥ t) = I(df/2, 1/2) at df/(df + t²), here by the continued
fraction of Abramowitz & Stegun 26.5.8; the quantile inverts it by Newton's method inside a shrinking bracket.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

_TINY = 1e-300
_MOST_TERMS = 100_000


def t_two_sided_p(t: float, df: float) -> float:
    """P(|T| ≥ |t|) for `df` > 0 degrees of freedom, with small tails as exact as large ones."""
    if df <= 0:
        raise ValueError(f"degrees of freedom must be above 0, not {df}")
    squared = t * t / df
    if squared == 0.0 or math.isinf(squared):
        return 1.0 if squared == 0.0 else 0.0
    # x and y = 1 - x, each without cancellation
    x, y = 1.0 / (1.0 + squared), squared / (1.0 + squared)
    a, b = df / 2.0, 0.5
    front = math.exp(b * math.log(y) - a * math.log1p(squared) - _log_beta_half(a))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(y, b, a) / b


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


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the modified method of Lentz."""
    c, d = 1.0, 1.0 / _away_from_0(1.0 - (a + b) * x / (a + 1.0))
    total = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / _away_from_0(1.0 + term * d)
            c = _away_from_0(1.0 + term / c)
            total *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return total


def _away_from_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _log_beta_half(a: float) -> float:
    """log B(a, 1/2)."""
    return 0.5 * math.log(math.pi) - _log_gamma_step(a)


def _log_gamma_step(a: float) -> float:
    """log Γ(a + 1/2) − log Γ(a); by its series where a difference of two large numbers would not be exact."""
    if a < 30.0:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    square = a * a
    return 0.5 * math.log(a) - (1 / 8 - (1 / 192 - (1 / 640 - 17 / 14336 / square) / square) / square) / a


def _density(t: float, df: float) -> float:
    log_scale = _log_gamma_step(df / 2.0) - 0.5 * math.log(df * math.pi)
    return math.exp(log_scale - (df + 1) / 2 * math.log1p(t * t / df))
