"""Signs that a run or a session was disturbed: outliers, spread, trend, autocorrelation and drift.

They flag, they never drop: a run is left out only for a recorded cause, never for its value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devbench.stats.student import t_quantile

OUTLIER_SHARE = 0.10
CV_LIMIT = 0.10
TREND_LIMIT = 0.03
DRIFT_LIMIT = 0.03
_TREND_BLOCKS = 10
_LEAST_FOR_TREND = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuality:
    """One run's steady samples: how many are far out, spread and trend as ratios, lag-1 autocorrelation."""

    n: int
    outliers: int
    cv: float | None
    trend: float | None
    lag1: float | None

    @property
    def many_outliers(self) -> bool:
        return self.n > 0 and self.outliers / self.n > OUTLIER_SHARE

    @property
    def spread(self) -> bool:
        return self.cv is not None and self.cv > CV_LIMIT

    @property
    def trending(self) -> bool:
        return self.trend is not None and abs(self.trend) > TREND_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Change of a phone's latencies from the first to the last round, as a ratio - 1, with its 95 % interval."""

    total: float
    low: float
    high: float

    @property
    def matters(self) -> bool:
        return (self.low > 0 or self.high < 0) and abs(self.total) > DRIFT_LIMIT


def run_quality(samples: Sequence[int] | Sequence[float] | NDArray[np.float64]) -> RunQuality:
    """All signs of one run at once."""
    values = np.asarray(samples, dtype=np.float64)
    return RunQuality(
        n=len(values),
        outliers=tukey_outliers(values),
        cv=coefficient_of_variation(values),
        trend=trend_over_run(values),
        lag1=lag1_autocorrelation(values),
    )


def tukey_outliers(samples: Sequence[float] | NDArray[np.float64]) -> int:
    """How many samples lie more than 3 interquartile ranges outside the quartiles; 0 below 4 samples."""
    values = np.asarray(samples, dtype=np.float64)
    if len(values) < 4:
        return 0
    low, high = np.percentile(values, [25, 75])
    reach = 3.0 * (high - low)
    return int(np.count_nonzero((values < low - reach) | (values > high + reach)))


def coefficient_of_variation(samples: Sequence[float] | NDArray[np.float64]) -> float | None:
    """Standard deviation over mean; None below two samples or at mean 0."""
    values = np.asarray(samples, dtype=np.float64)
    if len(values) < 2 or values.mean() == 0:
        return None
    return float(values.std(ddof=1) / values.mean())


def trend_over_run(samples: Sequence[float] | NDArray[np.float64]) -> float | None:
    """Relative change from a run's begin to its end: a line through the medians of ten blocks.

    Medians of blocks, so that one interrupted inference is not a trend; None below 20 samples.
    """
    values = np.asarray(samples, dtype=np.float64)
    middle = float(np.median(values)) if len(values) else 0.0
    if len(values) < _LEAST_FOR_TREND or middle == 0:
        return None
    whole = len(values) // _TREND_BLOCKS * _TREND_BLOCKS
    medians = np.median(values[:whole].reshape(_TREND_BLOCKS, -1), axis=1)
    places = np.arange(_TREND_BLOCKS) - (_TREND_BLOCKS - 1) / 2
    slope = float(places @ medians) / float(places @ places)
    return slope * _TREND_BLOCKS / middle


def lag1_autocorrelation(samples: Sequence[float] | NDArray[np.float64]) -> float | None:
    """Correlation of each sample with the next; None below three samples or without any spread."""
    values = np.asarray(samples, dtype=np.float64)
    if len(values) < 3:
        return None
    centred = values - values.mean()
    power = float(np.sum(centred * centred))  # not @, whose threads are slow to start on a busy computer
    return None if power == 0 else float(np.sum(centred[:-1] * centred[1:])) / power


def drift_over_rounds(series: Iterable[Mapping[int, float]]) -> Drift | None:
    """Least-squares slope of log value over round that all series have in common, as change over the session.

    Each series (run value by round) has a level of its own. None below 3 rounds. A phone that heats slows all
    that runs on it, so all of it is asked: one series alone shows 6 % in noise of 2 % hardly every other time.
    """
    taken = [values for values in series if len(values) >= 2]
    rounds = {r for values in taken for r in values}
    freedom = sum(len(values) - 1 for values in taken) - 1
    if len(rounds) < 3 or freedom < 1:
        return None
    x = np.concatenate([_centred(list(values)) for values in taken])
    y = np.concatenate([_centred([math.log(value) for value in values.values()]) for values in taken])
    power = float(x @ x)
    slope = float(x @ y) / power
    residual = y - slope * x
    error = math.sqrt(float(residual @ residual) / freedom / power)
    half = t_quantile(0.975, freedom) * error
    span = max(rounds) - min(rounds)
    low, high = slope - half, slope + half
    return Drift(total=math.expm1(slope * span), low=math.expm1(low * span), high=math.expm1(high * span))


def _centred(values: Sequence[float]) -> NDArray[np.float64]:
    array: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    centred: NDArray[np.float64] = array - array.mean()
    return centred
