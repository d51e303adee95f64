"""A spread is known as surely as its rounds allow, and pseudo-sessions call what real ones would."""

import math

import numpy as np
import pytest

from devbench.stats import pooled_sd, pseudo_sessions
from devbench.stats.gamma import chi_square_below, chi_square_quantile

referee = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("df", [1, 2, 3, 7, 19, 38, 99, 1000])
def test_chi_square_agrees_with_the_referee(df: int) -> None:
    for p in (1e-6, 0.025, 0.3, 0.5, 0.9, 0.975, 0.9999):
        x = float(referee.chi2.ppf(p, df))
        assert chi_square_quantile(p, df) == pytest.approx(x, rel=1e-9)
        assert chi_square_below(x, df) == pytest.approx(p, rel=1e-9)
    assert chi_square_below(0.0, df) == 0.0


def test_a_pooled_spread_and_its_interval_are_those_of_the_books() -> None:
    rng = np.random.default_rng(5)
    groups = [rng.normal(level, 0.02, 8).tolist() for level in (1.0, 5.0)]
    squares = sum(7 * float(np.var(group, ddof=1)) for group in groups)
    found = pooled_sd(groups)
    assert found is not None
    assert found.value == pytest.approx(math.sqrt(squares / 14), rel=1e-12)
    expected = [math.sqrt(squares / float(referee.chi2.ppf(p, 14))) for p in (0.975, 0.025)]
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9)


def test_one_value_has_no_spread() -> None:
    assert pooled_sd([[1.0]]) is None
    assert pooled_sd([]) is None
    assert pseudo_sessions([0.01, -0.01], 8) is None


def test_ordinary_noise_is_not_called_a_difference() -> None:
    """2 % between neighbours: 1 in 20 excludes 1, hardly any of those is 3 % away."""
    differences = np.random.default_rng(1).normal(0, 0.02, 40).tolist()
    found = pseudo_sessions(differences, 8)
    assert found is not None and found.rounds == 8
    assert sum(found.calls.values()) == found.sessions == 2000
    excluded = found.sessions - found.calls["same"] - found.calls["inconclusive"]
    assert 0.03 <= excluded / found.sessions <= 0.07
    assert found.wrong_low <= found.wrong <= found.wrong_high <= 0.02


def test_a_noisy_phone_is_called_wrongly_more_often() -> None:
    """At 10 % between neighbours what excludes 1 is mostly 3 % away."""
    found = pseudo_sessions(np.random.default_rng(2).normal(0, 0.10, 40).tolist(), 8)
    assert found is not None and 0.02 <= found.wrong <= 0.08


def test_a_difference_that_every_round_has_is_tossed_away() -> None:
    """Always +5 %: the coin makes it go both ways, so that it is not what the sessions are called for."""
    found = pseudo_sessions([0.05] * 12, 8)
    assert found is not None and found.wrong < 0.12
    assert found.calls["faster"] > 0 and found.calls["slower"] > 0


def test_pseudo_sessions_are_the_same_for_the_same_seed() -> None:
    differences = np.random.default_rng(3).normal(0, 0.02, 12).tolist()
    assert pseudo_sessions(differences, 8) == pseudo_sessions(differences, 8)
