"""Parity of two outputs: numbers by hand, and what cannot be compared is said."""

from __future__ import annotations

import numpy as np
import pytest

from devbench.stats.parity import NoParity, parity_of, worst


def test_numbers_are_those_of_a_calculation_by_hand() -> None:
    expected = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32)
    actual = np.array([[1.0, 0.5], [3.0, 2.0]], np.float32)
    parity = parity_of(actual, expected)
    assert parity.max_abs == 3.0 and parity.reference_max_abs == 2.0
    assert parity.mean_squared == pytest.approx((0.25 + 9.0) / 4)
    assert parity.cosine == pytest.approx(5.0 / (5.0**0.5 * 14.25**0.5))
    assert parity.top1_agreement == 0.5


def test_the_same_output_is_at_parity() -> None:
    values = np.array([[1.0, np.inf, np.nan]])
    parity = parity_of(values, values)
    assert (parity.max_abs, parity.mean_squared, parity.cosine) == (0.0, 0.0, 1.0)
    assert parity.reference_max_abs == 1.0


def test_what_cannot_be_said_is_none() -> None:
    assert parity_of(np.zeros(3), np.ones(3)).cosine is None
    assert parity_of(np.ones((4, 1)), np.ones((4, 1))).top1_agreement is None
    words = parity_of(np.array(["a"]), np.array(["b"]))
    assert (words.max_abs, words.cosine, words.top1_agreement) == (1.0, None, None)


@pytest.mark.parametrize(
    ("actual", "reason"),
    [
        (np.ones((1, 2)), "has the shape"),
        (np.array([1.0, np.nan]), "has NaN"),
        (np.array([1.0, np.inf]), "is infinite"),
    ],
)
def test_shapes_nan_and_infinity_are_named(actual: np.ndarray, reason: str) -> None:
    with pytest.raises(NoParity, match=f"scores {reason}"):
        parity_of(actual, np.ones(2), name="scores")


def test_of_several_outputs_the_worst_counts() -> None:
    near = parity_of(np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]]))
    far = parity_of(np.array([[2.0, 1.0]]), np.array([[1.0, 2.0]]))
    both = worst([near, far])
    assert (both.max_abs, both.cosine, both.top1_agreement) == (1.0, far.cosine, 0.0)
    assert worst([]).max_abs == 0.0
