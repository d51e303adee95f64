"""Exact bounds of a proportion, for counts like "3 of 300 sessions were called wrongly"."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from devbench.stats.beta import incomplete_beta


class Proportion(NamedTuple):
    """`value` = count / n with exact 95 % bounds; `value` is None where nothing was counted."""

    value: float | None
    low: float
    high: float


def proportion(count: int, n: int, *, confidence: float = 0.95) -> Proportion:
    """`count` of `n` with the bounds of Clopper and Pearson (1934); ValueError unless 0 ≤ count ≤ n."""
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} is no proportion")
    if n == 0:
        return Proportion(None, 0.0, 1.0)
    tail = (1.0 - confidence) / 2.0

    def at_least(p: float) -> float:
        return incomplete_beta(p, 1.0 - p, count, n - count + 1)

    def at_most(p: float) -> float:
        return incomplete_beta(1.0 - p, p, n - count, count + 1)

    low = 0.0 if count == 0 else _crossing(lambda p: at_least(p) < tail)
    high = 1.0 if count == n else _crossing(lambda p: at_most(p) > tail)
    return Proportion(count / n, low, high)


def _crossing(below: Callable[[float], bool]) -> float:
    """Where `below` turns from true to false, by bisection to the last bit that matters."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2.0
