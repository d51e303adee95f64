"""Statistics of repeated runs, because the run (one process) is what replicates, not the inference.

Numpy at most. The rules and why they hold: docs/measuring.md.
"""

from devbench.stats.binomial import Proportion, proportion
from devbench.stats.compare import (
    ALPHA,
    DELTA,
    Paired,
    geometric_mean,
    half_width_at,
    holm,
    holm_adjusted,
    narrow_enough,
    p_equivalent,
    paired,
    rounds_for_spread,
    rounds_needed,
    settled,
    verdict_of,
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
from devbench.stats.screen import (
    LevelStep,
    Suspicion,
    confirmed,
    creep,
    level_above,
    rounds_to_confirm,
    screen,
    steps,
)
from devbench.stats.spread import PseudoSessions, pooled_sd, pseudo_sessions
from devbench.stats.student import t_quantile, t_two_sided_p
from devbench.stats.unpaired import Unpaired, unpaired

__all__ = [
    "ALPHA",
    "DELTA",
    "Drift",
    "Interval",
    "LevelStep",
    "Paired",
    "Proportion",
    "PseudoSessions",
    "RunQuality",
    "Suspicion",
    "Unpaired",
    "coefficient_of_variation",
    "confirmed",
    "creep",
    "drift_over_rounds",
    "geometric_mean",
    "half_width_at",
    "holm",
    "holm_adjusted",
    "lag1_autocorrelation",
    "level_above",
    "log_t_interval",
    "narrow_enough",
    "p_equivalent",
    "paired",
    "percentile_if_enough",
    "pooled_sd",
    "proportion",
    "pseudo_sessions",
    "rounds_for_spread",
    "rounds_needed",
    "rounds_to_confirm",
    "run_median",
    "run_quality",
    "screen",
    "settled",
    "steps",
    "t_interval",
    "t_quantile",
    "t_two_sided_p",
    "trend_over_run",
    "tukey_outliers",
    "unpaired",
    "verdict_of",
]
