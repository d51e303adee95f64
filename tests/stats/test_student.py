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


@pytest.mark.parametrize(("p", "df"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_nonsense_is_refused(p: float, df: int) -> None:
    with pytest.raises(ValueError):
        t_quantile(p, df)
