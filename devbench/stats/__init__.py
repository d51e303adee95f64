"""Statistics of repeated runs, because the run (one process) is what replicates, not the inference.

Numpy at most. The rules and why they hold: docs/measuring.md.
"""

from devbench.stats.compare import (
    DELTA,
    Paired,
    geometric_mean,
    holm,
    paired,
    rounds_needed,
)
from devbench.stats.interval import (
    Interval,
    log_t_interval,
    percentile_if_enough,
    run_median,
    t_interval,
)
from devbench.stats.quality import (
    Drift,
    RunQuality,
    coefficient_of_variation,
    drift_over_rounds,
    lag1_autocorrelation,
    run_quality,
    trend_over_run,
    tukey_outliers,
)
from devbench.stats.student import t_quantile, t_two_sided_p

__all__ = [
    "DELTA",
    "Drift",
    "Interval",
    "Paired",
    "RunQuality",
    "coefficient_of_variation",
    "drift_over_rounds",
    "geometric_mean",
    "holm",
    "lag1_autocorrelation",
    "log_t_interval",
    "paired",
    "percentile_if_enough",
    "rounds_needed",
    "run_median",
    "run_quality",
    "t_interval",
    "t_quantile",
    "t_two_sided_p",
    "trend_over_run",
    "tukey_outliers",
]
