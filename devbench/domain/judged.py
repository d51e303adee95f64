"""What the outputs of a held-out set are worth, judged on the host from what the phone computed."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.domain.held_out import AccuracyMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class ParityFound:
    """How far a phone's outputs are from the network's own on the host (docs/results-format.md).

    `reference_max_abs` gives `max_abs` its scale; None where there is nothing to compare.
    """

    max_abs: float
    mean_squared: float
    cosine: float | None
    top1_agreement: float | None
    reference_max_abs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`value` is a ratio, for `mean_absolute_error` in `unit`; `right` of `count` samples are right, where counted.

    `top5` is the share whose label is among the five best scores, None with five classes or fewer. `no_parity` is
    the reason why there is no `parity`.
    """

    held_out: str
    metric: AccuracyMetric
    count: int
    value: float
    right: int | None = None
    top5: float | None = None
    unit: str | None = None
    parity: ParityFound | None = None
    no_parity: str | None = None
