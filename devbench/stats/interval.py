"""From raw samples to a run's value and from run values to an interval, on logs because times are ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from devbench.stats.student import t_quantile

# the smallest sample at which the order statistics around a percentile still bracket it (docs/measuring.md)
_LEAST_SAMPLES = {90: 35, 95: 72, 99: 368}


class Interval(NamedTuple):
    """A value with its 95 % interval; the limits are None where one run cannot give any."""

    value: float
    low: float | None
    high: float | None

    @property
    def half_width(self) -> float | None:
        """The wider side relative to the value (0.02 = ±2 %); None without limits."""
        if self.low is None or self.high is None or self.value == 0:
            return None
        return max(self.high - self.value, self.value - self.low) / abs(self.value)


def run_median(samples: Sequence[int] | Sequence[float]) -> float:
    """The value of one run: the median of its samples (any order, at least one)."""
    if not len(samples):
        raise ValueError("a run without samples has no value")
    return float(np.median(np.asarray(samples, dtype=np.float64)))


def log_t_interval(run_values: Sequence[float]) -> Interval:
    """exp(mean log m) with exp(mean ± t(.975, R-1)·s/√R); every value must be above 0."""
    if any(value <= 0 for value in run_values):
        raise ValueError("logarithms need values above 0")
    if len(set(run_values)) == 1:  # exact, where exp(log x) would not be
        only = float(run_values[0])
        return Interval(only, *((only, only) if len(run_values) > 1 else (None, None)))
    centre = t_interval([math.log(value) for value in run_values])
    if centre.low is None or centre.high is None:
        return Interval(math.exp(centre.value), None, None)
    return Interval(math.exp(centre.value), math.exp(centre.low), math.exp(centre.high))


def t_interval(run_values: Sequence[float]) -> Interval:
    """mean ± t(.975, R-1)·s/√R, for quantities that may be 0."""
    if not run_values:
        raise ValueError("no run, no value")
    values = np.asarray(run_values, dtype=np.float64)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, None, None)
    half = t_quantile(0.975, len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def percentile_if_enough(samples: Sequence[int] | Sequence[float], percentile: int) -> float | None:
    """p90, p95 or p99 of the samples; None when there are fewer than 35, 72 or 368 of them."""
    if percentile not in _LEAST_SAMPLES:
        raise ValueError(f"only {sorted(_LEAST_SAMPLES)} are offered, not {percentile}")
    if len(samples) < _LEAST_SAMPLES[percentile]:
        return None
    return float(np.percentile(np.asarray(samples, dtype=np.float64), percentile))
