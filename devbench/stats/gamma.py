"""The chi-square distribution, by the incomplete gamma function (Abramowitz & Stegun 6.5.29 and 6.5.31)."""

from __future__ import annotations

import math

_MOST_TERMS = 10_000


def chi_square_below(x: float, df: float) -> float:
    """P(X ≤ x) for `df` > 0 degrees of freedom."""
    a, half = df / 2.0, x / 2.0
    if half <= 0.0:
        return 0.0
    front = math.exp(a * math.log(half) - half - math.lgamma(a))
    if half < a + 1.0:
        return front * _series(a, half)
    return 1.0 - front * _fraction(a, half)


def chi_square_quantile(p: float, df: float) -> float:
    """The value that X stays below with probability `p` (0 < p < 1)."""
    low, high = 0.0, max(1.0, df)
    while chi_square_below(high, df) < p:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = (low + high) / 2.0
        if middle in (low, high):
            break
        low, high = (middle, high) if chi_square_below(middle, df) < p else (low, middle)
    return (low + high) / 2.0


def _series(a: float, x: float) -> float:
    term = total = 1.0 / a
    for k in range(1, _MOST_TERMS):
        term *= x / (a + k)
        total += term
        if term < total * 1e-17:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """By Lentz's method from the second term on; x ≥ a + 1, so no part of it comes near 0."""
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    total = d
    for k in range(1, _MOST_TERMS):
        term = -k * (k - a)
        b += 2.0
        d = 1.0 / (term * d + b)
        c = b + term / c
        total *= d * c
        if abs(d * c - 1.0) < 1e-16:
            break
    return total
