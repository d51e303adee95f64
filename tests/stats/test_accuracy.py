"""Accuracy metrics give what a person would count."""

from __future__ import annotations

import numpy as np
import pytest

from devbench.stats.accuracy import (
    accuracy,
    binary_accuracy,
    exact_match,
    mean_absolute_error,
    top_k_accuracy,
)

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]])
LABELS = np.array([1, 1, 2, 2])


def test_top_k_counts_rows_whose_label_is_among_the_best() -> None:
    assert top_k_accuracy(SCORES, LABELS) == 0.5
    assert top_k_accuracy(SCORES, LABELS, k=2) == 0.75
    assert top_k_accuracy(SCORES, LABELS, k=3) == 1.0


def test_a_constant_or_broken_model_is_not_right() -> None:
    """Ties go to the first class, and NaN is wrong."""
    assert top_k_accuracy(np.zeros((3, 3)), np.array([0, 1, 2])) == pytest.approx(1 / 3)
    broken = np.array([[np.nan, 1.0], [0.0, 1.0]])
    assert top_k_accuracy(broken, np.array([1, 1])) == 0.5
    assert binary_accuracy(np.array([[np.nan], [0.9]]), np.array([0, 1])) == 0.5


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="3 outputs do not fit 4 labels"):
        top_k_accuracy(SCORES[:3], LABELS)
    with pytest.raises(ValueError, match="k is 4"):
        top_k_accuracy(SCORES, LABELS, k=4)
    with pytest.raises(ValueError, match="labels lie between 1 and 3"):
        top_k_accuracy(SCORES, np.array([1, 1, 2, 3]))
    with pytest.raises(ValueError, match="do not fit labels"):
        exact_match(np.zeros((2, 3, 4)), np.zeros((2, 4)))


def test_a_sequence_is_right_only_as_a_whole() -> None:
    labels = np.array([[1, 0, 2], [2, 2, 0]])
    scores = np.eye(3)[labels]
    assert exact_match(scores, labels) == 1.0
    scores[1, 2] = [0.0, 0.1, 0.0]
    assert exact_match(scores, labels) == 0.5


def test_mean_absolute_error_has_the_unit_of_its_labels() -> None:
    assert mean_absolute_error(np.array([[70.0], [80.5]]), np.array([71.0, 80.0])) == 0.75


def test_each_metric_goes_by_its_name() -> None:
    assert accuracy("top1", SCORES, LABELS) == 0.5
    assert accuracy("binary", np.array([[0.2], [0.8], [0.4]]), np.array([0, 1, 1])) == pytest.approx(2 / 3)
    assert accuracy("mean_absolute_error", np.array([2.0]), np.array([4.0])) == 2.0
    assert accuracy("exact_match", np.eye(2)[None], np.array([[0, 1]])) == 1.0
