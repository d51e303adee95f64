"""Paired comparisons say faster, slower, small change, same or inconclusive, and rarely the wrong one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.stats import geometric_mean, holm, paired, rounds_needed, t_quantile


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


def test_paired_agrees_with_the_referee() -> None:
    referee = pytest.importorskip("scipy.stats")
    a, b = session(9, 1.01, spread=0.02)
    test = referee.ttest_rel(np.log(list(b.values())), np.log(list(a.values())))
    result = paired(a, b)
    assert result is not None and result.p_value == pytest.approx(test.pvalue, rel=1e-9)
    interval = test.confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((math.exp(interval.low), math.exp(interval.high)))


def test_holm_rejects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03, None]) == (True, False, False, False)
    assert holm([0.01, 0.02, 0.049]) == (True, True, True)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_rejects_more_than_without_correction(p_values: list[float]) -> None:
    assert all(p < 0.05 for p, rejected in zip(p_values, holm(p_values), strict=True) if rejected)


def test_rounds_needed_is_the_least_that_is_narrow_enough() -> None:
    differences = [0.03, -0.03, 0.02, -0.02]
    rounds = rounds_needed(differences)
    assert rounds is not None

    def half(r: int) -> float:
        return t_quantile(0.975, r - 1) * float(np.std(differences, ddof=1)) / math.sqrt(r)

    assert half(rounds) <= math.log(1.02) < half(rounds - 1)


def test_geometric_mean_of_ratios_over_phones() -> None:
    value, low, high = geometric_mean([0.5, 2.0, 1.0])
    assert value == pytest.approx(1.0)
    assert low is not None and high is not None and low < 0.5 and high > 2.0
