"""How right outputs are, as pure functions of outputs and labels: the same numbers whoever computed the outputs.

Arrays have the count of the set first; labels are whole numbers unless said otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from devbench.domain.held_out import AccuracyMetric

    Array = NDArray[Any]


def accuracy(metric: AccuracyMetric, outputs: Array, labels: Array) -> float:
    """The metric by its name: a ratio, for `mean_absolute_error` in the unit of the labels."""
    if metric == "top1":
        return top_k_accuracy(outputs, labels)
    if metric == "binary":
        return binary_accuracy(outputs, labels)
    if metric == "exact_match":
        return exact_match(outputs, labels)
    return mean_absolute_error(outputs, labels)


def top_k_accuracy(scores: Array, labels: Array, *, k: int = 1) -> float:
    """The share whose label is among the `k` largest of its scores [count, classes].

    Of equal scores the first wins, so that a model that says the same for all classes is not always right. A row
    with NaN is wrong.
    """
    import numpy as np

    scores = _rows(scores, labels)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"k is {k}, but lies between 1 and {scores.shape[1]} classes")
    wanted = labels.reshape(-1).astype(np.int64)
    if wanted.min() < 0 or wanted.max() >= scores.shape[1]:
        raise ValueError(
            f"labels lie between {wanted.min()} and {wanted.max()}, scores are {scores.shape[1]}"
        )
    best = np.argsort(-scores.astype(np.float64), axis=1, kind="stable")[:, :k]
    usable = ~np.isnan(scores.astype(np.float64)).any(axis=1)
    return float(np.mean((best == wanted[:, None]).any(axis=1) & usable))


def binary_accuracy(outputs: Array, labels: Array) -> float:
    """The share of outputs that lie on the side of one half that their label 0 or 1 says."""
    import numpy as np

    outputs = _rows(outputs, labels).astype(np.float64)
    wanted = labels.reshape(outputs.shape) > 0.5
    return float(np.mean(((outputs > 0.5) == wanted) & ~np.isnan(outputs)))


def exact_match(scores: Array, labels: Array) -> float:
    """The share of sequences whose largest scores spell their label to the last symbol.

    Scores are [count, length, symbols], labels [count, length].
    """
    import numpy as np

    if scores.shape[:2] != labels.shape:
        raise ValueError(f"scores of {scores.shape} do not fit labels of {labels.shape}")
    return float(np.mean((scores.argmax(axis=-1) == labels).all(axis=1)))


def mean_absolute_error(outputs: Array, labels: Array) -> float:
    """The mean distance of outputs to labels, in their unit."""
    import numpy as np

    outputs = _rows(outputs, labels).astype(np.float64)
    return float(np.abs(outputs - labels.reshape(outputs.shape)).mean())


def _rows(outputs: Array, labels: Array) -> Array:
    """`outputs` as [count, values]."""
    if len(labels) == 0 or len(outputs) != len(labels):
        raise ValueError(f"{len(outputs)} outputs do not fit {len(labels)} labels")
    return outputs.reshape(len(outputs), -1)
