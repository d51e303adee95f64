"""Run values, intervals and percentiles keep the rules of docs/measuring.md."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.stats import log_t_interval, percentile_if_enough, run_median, t_interval

times = st.lists(st.floats(1e3, 1e12), min_size=1, max_size=30)


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=101))
def test_a_runs_value_is_its_median(samples: list[int]) -> None:
    assert run_median(samples) == pytest.approx(statistics.median(samples))


@given(times)
def test_log_interval_is_the_geometric_mean_inside_its_limits(values: list[float]) -> None:
    value, low, high = log_t_interval(values)
    assert value == pytest.approx(statistics.geometric_mean(values), rel=1e-9)
    if len(values) == 1:
        assert low is None and high is None
    else:
        assert (
            low is not None
            and high is not None
            and low <= value * (1 + 1e-12)
            and value <= high * (1 + 1e-12)
        )


@given(times.filter(lambda v: len(v) > 1), st.floats(1e-3, 1e3))
def test_log_interval_scales_with_the_unit(values: list[float], factor: float) -> None:
    assert list(log_t_interval([v * factor for v in values])) == pytest.approx(
        [x * factor for x in log_t_interval(values) if x is not None], rel=1e-9
    )


def test_log_interval_agrees_with_the_referee() -> None:
    referee = pytest.importorskip("scipy.stats")
    logs = [math.log(v) for v in (10.1, 9.8, 10.4, 10.0, 9.9)]
    low, high = referee.t.interval(0.95, 4, loc=np.mean(logs), scale=np.std(logs, ddof=1) / math.sqrt(5))
    interval = log_t_interval([math.exp(v) for v in logs])
    assert interval[1:] == pytest.approx((math.exp(low), math.exp(high)), rel=1e-9)


def test_the_interval_holds_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(7)
    runs = np.exp(rng.normal(math.log(10), 0.02, size=(2000, 8)))
    inside = 0
    for row in runs:
        _, low, high = log_t_interval(row.tolist())
        assert low is not None and high is not None
        inside += low <= 10 <= high
    assert 0.935 <= inside / 2000 <= 0.965


def test_zero_has_no_logarithm_but_a_mean() -> None:
    with pytest.raises(ValueError, match="above 0"):
        log_t_interval([0.0, 1.0])
    assert t_interval([0.0, 1.0]).value == 0.5


@pytest.mark.parametrize(("percentile", "least"), [(90, 35), (95, 72), (99, 368)])
def test_percentiles_need_enough_samples(percentile: int, least: int) -> None:
    assert percentile_if_enough(range(least - 1), percentile) is None
    assert percentile_if_enough(range(least), percentile) == pytest.approx((least - 1) * percentile / 100)


def test_other_percentiles_are_not_offered() -> None:
    with pytest.raises(ValueError):
        percentile_if_enough(range(100), 42)
