"""Paired comparisons say faster, slower, small change, same or inconclusive, and rarely the wrong one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.stats import (
    DELTA,
    geometric_mean,
    half_width_at,
    holm,
    holm_adjusted,
    p_equivalent,
    paired,
    rounds_for_spread,
    rounds_needed,
    settled,
    verdict_of,
)


def rounds_of(values: list[float]) -> dict[int, float]:
    return dict(enumerate(values, start=1))


def session(seed: int, ratio: float, *, rounds: int = 8, spread: float = 0.01, drift: float = 0.0):
    rng = np.random.default_rng(seed)
    heat = 1 + drift * np.arange(rounds) / max(1, rounds - 1)
    a, b = (np.exp(rng.normal(0, spread / math.sqrt(2), rounds)) for _ in range(2))
    return rounds_of((10 * heat * a).tolist()), rounds_of((10 * ratio * heat * b).tolist())


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(0.5, "faster"), (1.3, "slower"), (1.02, "small change"), (0.98, "small change")]
)
def test_planted_ratios_get_their_word(ratio: float, verdict: str) -> None:
    a, b = session(1, ratio, spread=0.004)
    result = paired(a, b)
    assert result is not None and result.verdict == verdict
    assert result.low is not None and result.high is not None and result.low < ratio < result.high


def test_like_against_like_is_the_same() -> None:
    a, b = session(5, 1.0)
    result = paired(a, b)
    assert result is not None and result.verdict == "same"


def test_too_much_noise_is_inconclusive_and_says_how_many_rounds_it_takes() -> None:
    a, b = session(3, 1.0, rounds=4, spread=0.1)
    result = paired(a, b)
    assert result is not None and result.verdict == "inconclusive"
    assert result.rounds_needed is not None and result.rounds_needed > 20


def test_one_round_gives_a_ratio_without_an_interval() -> None:
    result = paired({1: 10.0}, {1: 5.0})
    assert result is not None
    assert (result.ratio, result.low, result.verdict, result.rounds_needed) == (
        pytest.approx(0.5),
        None,
        "inconclusive",
        None,
    )


def test_only_rounds_of_both_count() -> None:
    result = paired({1: 10.0, 2: 10.0, 3: 10.0}, {2: 5.0, 3: 5.1, 4: 99.0})
    assert result is not None and result.rounds == 2
    assert paired({1: 10.0}, {2: 10.0}) is None


def test_drift_that_both_share_does_not_matter() -> None:
    wrong = 0
    for seed in range(400):
        a, b = session(seed, 1.0, drift=0.06)
        result = paired(a, b)
        assert result is not None and result.p_value is not None
        wrong += result.p_value < 0.05
    assert wrong / 400 <= 0.08


@given(st.lists(st.tuples(st.floats(1, 1e9), st.floats(1, 1e9)), min_size=2, max_size=20))
def test_swapping_a_and_b_inverts_the_ratio(pairs: list[tuple[float, float]]) -> None:
    a, b = rounds_of([x for x, _ in pairs]), rounds_of([y for _, y in pairs])
    there, back = paired(a, b), paired(b, a)
    assert there is not None and back is not None
    assert there.ratio * back.ratio == pytest.approx(1.0, rel=1e-9)
    assert there.low is not None and back.high is not None
    assert math.log(there.low) == pytest.approx(-math.log(back.high), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("rounds", [2, 3, 8, 20])
def test_paired_agrees_with_the_referee(rounds: int) -> None:
    referee = pytest.importorskip("scipy.stats")
    a, b = session(9, 1.01, spread=0.02, rounds=rounds)
    test = referee.ttest_rel(np.log(list(b.values())), np.log(list(a.values())))
    result = paired(a, b)
    assert result is not None and result.p_value == pytest.approx(test.pvalue, rel=1e-9)
    interval = test.confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx(
        (math.exp(interval.low), math.exp(interval.high)), rel=1e-9
    )


@pytest.mark.parametrize("ratio", [0.9, 0.98, 1.0, 1.01, 1.029, 1.031, 1.2])
def test_equivalence_agrees_with_the_referee(ratio: float) -> None:
    """Two one-sided t tests against the ends of ± delta; the larger p decides."""
    referee = pytest.importorskip("scipy.stats")
    a, b = session(11, ratio, spread=0.02)
    differences = np.log(list(b.values())) - np.log(list(a.values()))
    bound = math.log1p(DELTA)
    above = referee.ttest_1samp(differences, -bound, alternative="greater").pvalue
    below = referee.ttest_1samp(differences, bound, alternative="less").pvalue
    assert p_equivalent(list(differences)) == pytest.approx(max(above, below), rel=1e-9)


@given(st.integers(0, 10**6), st.floats(0.95, 1.05), st.floats(0.001, 0.05), st.integers(2, 20))
def test_an_interval_inside_delta_is_what_equivalence_means(
    seed: int, ratio: float, spread: float, rounds: int
) -> None:
    a, b = session(seed, ratio, spread=spread, rounds=rounds)
    result = paired(a, b)
    assert result is not None and result.low is not None and result.high is not None
    assert result.p_equivalent is not None
    inside = result.low >= 1 / (1 + DELTA) and result.high <= 1 + DELTA
    assert inside == (result.p_equivalent <= 0.025)
    if result.verdict == "same":
        assert inside


@given(st.integers(0, 10**6), st.floats(0.9, 1.1), st.floats(0.0005, 0.05), st.integers(2, 20))
def test_what_is_settled_is_never_inconclusive(seed: int, ratio: float, spread: float, rounds: int) -> None:
    """± delta/2 either excludes 1 or lies within ± delta: so it is worth adding rounds until then."""
    a, b = session(seed, ratio, spread=spread, rounds=rounds)
    result = paired(a, b)
    assert result is not None
    if settled(result.low, result.high):
        assert result.verdict != "inconclusive"
    assert not settled(None, None)


def test_a_difference_that_holm_takes_back_is_no_difference() -> None:
    """Alone it would be `small change`; among others it is what the interval says besides."""
    assert verdict_of(1.015, 1.001, 1.029, differs=True) == "small change"
    assert verdict_of(1.015, 1.001, 1.029, differs=False) == "same"
    assert verdict_of(1.05, 1.001, 1.101, differs=False) == "inconclusive"


def test_holm_rejects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03, None]) == (True, False, False, False)
    assert holm([0.01, 0.02, 0.049]) == (True, True, True)
    assert holm([]) == ()


def test_holm_adjusted_is_what_it_is_by_hand() -> None:
    """0.01·4, 0.02·3, then never less than before it, and never above 1."""
    assert holm_adjusted([0.02, None, 0.01, 0.6, 0.025]) == pytest.approx([0.06, None, 0.04, 0.6, 0.06])
    assert holm_adjusted([0.9, 0.8]) == (1.0, 1.0)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_the_step_down_rule(p_values: list[float]) -> None:
    """Its definition: in order of p, reject while p < alpha / (those that are left), then stop."""
    expected = [False] * len(p_values)
    for left, index in zip(
        range(len(p_values), 0, -1), sorted(range(len(p_values)), key=p_values.__getitem__), strict=True
    ):
        if p_values[index] * left >= 0.05:
            break
        expected[index] = True
    assert holm(p_values) == tuple(expected)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_rejects_more_than_without_correction(p_values: list[float]) -> None:
    assert all(p < 0.05 for p, rejected in zip(p_values, holm(p_values), strict=True) if rejected)


def test_a_large_difference_needs_no_narrow_interval() -> None:
    """Half the latency at a wide spread: decided as soon as the interval lies beyond delta, not at ± delta/2."""
    differences = [math.log(0.5) + step for step in (-0.3, 0.0, 0.3)]
    rounds = rounds_needed(differences)
    assert rounds is not None
    beyond = math.log(2) - math.log1p(DELTA)
    assert half_width_at(0.3, rounds) <= beyond < half_width_at(0.3, rounds - 1)
    assert rounds < 10 < rounds_for_spread(0.3)


def test_rounds_needed_is_the_least_that_is_narrow_enough() -> None:
    differences = [0.03, -0.03, 0.02, -0.02]
    rounds = rounds_needed(differences)
    assert rounds is not None

    spread = float(np.std(differences, ddof=1))
    assert half_width_at(spread, rounds) <= math.log(1.03) / 2 < half_width_at(spread, rounds - 1)


@pytest.mark.parametrize("ratios", [[0.5, 2.0, 1.0], [1.01, 1.02], [0.9, 0.95, 0.97, 1.2, 0.8]])
def test_geometric_mean_over_phones_agrees_with_the_referee(ratios: list[float]) -> None:
    referee = pytest.importorskip("scipy.stats")
    value, low, high = geometric_mean(ratios)
    assert value == pytest.approx(float(referee.gmean(ratios)), rel=1e-9)
    interval = referee.ttest_1samp(np.log(ratios), 0.0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((math.exp(interval.low), math.exp(interval.high)), rel=1e-9)


def test_geometric_mean_of_ratios_over_phones() -> None:
    value, low, high = geometric_mean([0.5, 2.0, 1.0])
    assert value == pytest.approx(1.0)
    assert low is not None and high is not None and low < 0.5 and high > 2.0
