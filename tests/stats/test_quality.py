"""Flags fire on what they are for, and stay quiet on ordinary noise."""

import numpy as np
import pytest

from devbench.stats import drift_over_rounds, run_quality
from devbench.stats.quality import lag1_autocorrelation, trend_over_run, tukey_outliers


def ordinary(seed: int, n: int = 100) -> np.ndarray:
    return np.random.default_rng(seed).normal(10e6, 0.02 * 10e6, n)


def test_ordinary_noise_raises_no_flag() -> None:
    for seed in range(50):
        quality = run_quality(ordinary(seed))
        assert not (quality.many_outliers or quality.spread or quality.trending), seed


def test_far_samples_are_counted_and_flagged_past_a_tenth() -> None:
    samples = ordinary(1)
    samples[:5] *= 3
    assert tukey_outliers(samples) == 5
    assert not run_quality(samples).many_outliers
    samples[:12] = 30e6
    assert run_quality(samples).many_outliers


def test_a_run_that_slows_by_a_tenth_is_a_trend_of_a_tenth() -> None:
    samples = np.linspace(10e6, 11e6, 200)
    assert trend_over_run(samples) == pytest.approx(0.095, abs=0.005)
    assert run_quality(samples).trending


def test_one_interruption_is_no_trend() -> None:
    samples = ordinary(2)
    samples[-1] *= 50
    assert not run_quality(samples).trending


def test_few_samples_have_no_trend_and_no_outliers() -> None:
    quality = run_quality([1.0, 2.0, 3.0])
    assert quality.trend is None and quality.outliers == 0


def test_wide_spread_is_flagged() -> None:
    assert run_quality(np.random.default_rng(3).normal(10, 2, 100)).spread


def test_autocorrelation_tells_smooth_from_alternating() -> None:
    smooth = lag1_autocorrelation(np.sin(np.linspace(0, 6, 100)))
    alternating = lag1_autocorrelation(np.array([1.0, -1.0] * 50))
    assert smooth is not None and smooth > 0.9
    assert alternating is not None and alternating < -0.9
    assert lag1_autocorrelation([5.0, 5.0, 5.0]) is None


def test_drift_of_six_percent_matters_and_noise_does_not() -> None:
    rng = np.random.default_rng(4)
    rounds = list(range(1, 9))
    noise = rng.normal(0, 0.005, 8)
    heating = drift_over_rounds([{r: 10 * (1 + 0.06 * i / 7) * (1 + noise[i]) for i, r in enumerate(rounds)}])
    steady = drift_over_rounds([{r: 10 * (1 + noise[i]) for i, r in enumerate(rounds)}])
    assert heating is not None and heating.matters and heating.total == pytest.approx(0.06, abs=0.015)
    assert steady is not None and not steady.matters


def test_two_rounds_cannot_show_drift() -> None:
    assert drift_over_rounds([{1: 10.0, 2: 12.0}]) is None
    assert drift_over_rounds([]) is None


def test_models_of_different_speed_show_the_drift_that_they_share() -> None:
    """Each has its own level; three of them see what one alone would take for noise."""
    rng = np.random.default_rng(8)
    heat = 1 + 0.06 * np.arange(8) / 7
    series = [
        dict(enumerate((level * heat * np.exp(rng.normal(0, 0.02, 8))).tolist(), 1)) for level in (1e6, 5e6, 40e6)
    ]
    together = drift_over_rounds(series)
    assert together is not None and together.matters and together.low < 0.06 < together.high
    alone = [drift_over_rounds([one]) for one in series]
    assert not all(drift is not None and drift.matters for drift in alone)


def test_drift_agrees_with_the_referee() -> None:
    referee = pytest.importorskip("scipy.stats")
    rounds, values = [1, 2, 3, 5, 6], [10.0, 10.3, 10.2, 10.9, 11.0]
    fit = referee.linregress(rounds, np.log(values))
    half = referee.t.ppf(0.975, 3) * fit.stderr
    drift = drift_over_rounds([dict(zip(rounds, values, strict=True))])
    assert drift is not None
    assert np.log1p([drift.total, drift.low, drift.high]) == pytest.approx(
        [5 * fit.slope, 5 * (fit.slope - half), 5 * (fit.slope + half)], rel=1e-9
    )


def test_drift_of_several_is_least_squares_with_a_level_for_each() -> None:
    """By the normal equations of all columns at once."""
    referee = pytest.importorskip("scipy.stats")
    series = [{1: 10.0, 2: 10.4, 3: 10.3}, {1: 2.0, 3: 2.2, 4: 2.1, 5: 2.3}]
    rows = [(i, r, np.log(value)) for i, one in enumerate(series) for r, value in one.items()]
    design = np.array([[i == 0, i == 1, r] for i, r, _ in rows], dtype=float)
    y = np.array([value for _, _, value in rows])
    solution, (squares,), _, _ = np.linalg.lstsq(design, y, rcond=None)
    error = np.sqrt(squares / 4 * np.linalg.inv(design.T @ design)[2, 2])
    half = referee.t.ppf(0.975, 4) * error
    drift = drift_over_rounds(series)
    assert drift is not None
    assert np.log1p([drift.total, drift.low, drift.high]) == pytest.approx(
        [4 * solution[2], 4 * (solution[2] - half), 4 * (solution[2] + half)], rel=1e-9
    )
