"""Student's t agrees with scipy, the referee."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.stats import t_quantile, t_two_sided_p

referee = pytest.importorskip("scipy.stats")


@given(st.integers(1, 400), st.floats(0.001, 0.9999))
def test_quantile_agrees_with_the_referee(df: int, p: float) -> None:
    assert t_quantile(p, df) == pytest.approx(float(referee.t.ppf(p, df)), rel=1e-9, abs=1e-9)


@given(st.integers(1, 400), st.floats(0, 50))
def test_p_value_agrees_with_the_referee(df: int, t: float) -> None:
    assert t_two_sided_p(t, df) == pytest.approx(float(2 * referee.t.sf(t, df)), abs=1e-12)


@pytest.mark.parametrize("df", [1, 1.5, 2, 3, 4.7, 7, 19, 59.9, 60, 61, 399, 12345.6, 1e6])
def test_every_df_agrees_with_the_referee_to_the_last_tail(df: float) -> None:
    """Relative, also where p is 1e-200: and for the broken degrees of freedom of Welch's test."""
    for t in (1e-3, 0.5, 1.7, 1.74, 2.3, 5, 50, 1e3):
        expected = float(2 * referee.t.sf(t, df))
        assert t_two_sided_p(t, df) == pytest.approx(expected, rel=1e-9, abs=1e-290)
    for p in (1e-9, 0.001, 0.025, 0.4, 0.51, 0.9, 0.975, 0.9999, 1 - 1e-9):
        assert t_quantile(p, df) == pytest.approx(float(referee.t.ppf(p, df)), rel=1e-9)


def test_the_ends_of_the_scale_are_no_error() -> None:
    assert t_two_sided_p(0, 7) == t_two_sided_p(1e-200, 7) == 1.0
    assert t_two_sided_p(1e200, 7) == 0.0
    assert t_quantile(0.5, 7) == 0.0


@pytest.mark.parametrize(("p", "df"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_nonsense_is_refused(p: float, df: int) -> None:
    with pytest.raises(ValueError):
        t_quantile(p, df)
    if df < 1:
        with pytest.raises(ValueError):
            t_two_sided_p(2.0, df)
