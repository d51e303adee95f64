"""A against B of two sessions, by Welch's t on logs: what is left when rounds were not interleaved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from devbench.stats.compare import ALPHA, DELTA, verdict_of
from devbench.stats.student import t_quantile, t_two_sided_p


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """`ratio` is B over A with its 95 % interval (None below two runs a side), `verdict` as for `Paired`.

    A drift of the phone between the two sessions is in the ratio: only interleaving takes it out.
    """

    ratio: float
    low: float | None
    high: float | None
    runs_a: int
    runs_b: int
    p_value: float | None
    verdict: str


def unpaired(a: Sequence[float], b: Sequence[float], *, delta: float = DELTA) -> Unpaired | None:
    """Compare run values (positive) of two sessions; None when a side has none."""
    if not a or not b:
        return None
    logs_a, logs_b = np.log(np.asarray(a)), np.log(np.asarray(b))
    difference = float(logs_b.mean() - logs_a.mean())
    low = high = p_value = None
    if min(len(a), len(b)) >= 2:
        part_a, part_b = float(logs_a.var(ddof=1)) / len(a), float(logs_b.var(ddof=1)) / len(b)
        error = math.sqrt(part_a + part_b)
        if error == 0:
            low = high = math.exp(difference)
            p_value = 1.0 if difference == 0 else 0.0
        else:
            df = _welch(part_a, len(a), part_b, len(b))
            half = t_quantile(0.975, df) * error
            low, high = math.exp(difference - half), math.exp(difference + half)
            p_value = t_two_sided_p(difference / error, df)
    ratio = math.exp(difference)
    differs = p_value is not None and p_value < ALPHA
    return Unpaired(
        ratio=ratio, low=low, high=high, runs_a=len(a), runs_b=len(b), p_value=p_value,
        verdict=verdict_of(ratio, low, high, differs=differs, delta=delta),
    )  # fmt: skip


def _welch(part_a: float, runs_a: int, part_b: float, runs_b: int) -> float:
    """Degrees of freedom after Welch and Satterthwaite: never below those of the smaller side."""
    freedom = (part_a + part_b) ** 2 / (part_a**2 / (runs_a - 1) + part_b**2 / (runs_b - 1))
    return max(float(min(runs_a, runs_b) - 1), freedom)
