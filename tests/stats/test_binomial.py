"""Exact bounds of counts agree with scipy, the referee."""

import pytest

from devbench.stats import proportion

referee = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize(
    ("count", "n"), [(0, 10), (10, 10), (1, 1), (3, 300), (299, 300), (195, 200), (7, 20), (50_000, 100_000)]
)
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_bounds_are_those_of_clopper_and_pearson(count: int, n: int, confidence: float) -> None:
    expected = referee.binomtest(count, n).proportion_ci(confidence, method="exact")
    found = proportion(count, n, confidence=confidence)
    assert found.value == count / n
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-12)


def test_nothing_counted_is_no_proportion() -> None:
    assert proportion(0, 0) == (None, 0.0, 1.0)
    with pytest.raises(ValueError):
        proportion(4, 3)
