"""The regularised incomplete beta function, which both Student's t and the binomial distribution are made of.

By the continued fraction of Abramowitz & Stegun 26.5.8, with the modified method of Lentz.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_MOST_TERMS = 100_000


def incomplete_beta(x: float, y: float, a: float, b: float) -> float:
    """I(a, b) at `x`, with `y` = 1 - x given apart, because either may be too small to tell from the other."""
    if x <= 0.0 or y <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(a * _log(x, y) + b * _log(y, x) - log_beta(a, b))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(y, b, a) / b


def log_beta(a: float, b: float) -> float:
    """log B(a, b)."""
    if b == 0.5:
        return 0.5 * math.log(math.pi) - log_gamma_step(a)
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_gamma_step(a: float) -> float:
    """log Γ(a + 1/2) − log Γ(a); by its series where a difference of two large numbers would not be exact."""
    if a < 30.0:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    square = a * a
    return 0.5 * math.log(a) - (1 / 8 - (1 / 192 - (1 / 640 - 17 / 14336 / square) / square) / square) / a


def _log(value: float, rest: float) -> float:
    """log of `value` = 1 - `rest`."""
    return math.log1p(-rest) if rest < 0.5 else math.log(value)


def _fraction(x: float, a: float, b: float) -> float:
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
