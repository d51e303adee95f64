"""Latency over minutes: block medians, and the last minute against the first of one long run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MINUTE_NS = 60 * 10**9
LEAST_NS = 2 * MINUTE_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of a run: where its middle lies (ns since the first sample), least, median and most (ns)."""

    at_ns: float
    low_ns: float
    median_ns: float
    high_ns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """`ratio` is the median of the last minute over that of the first: above 1 it became slower."""

    blocks: tuple[Block, ...]
    lasted_ns: float
    first_ns: float
    last_ns: float

    @property
    def ratio(self) -> float:
        return self.last_ns / self.first_ns


def sustained_curve(
    samples_ns: Sequence[int], *, wall_ns: int | None = None, blocks: int = 120
) -> Curve | None:
    """The curve of a steady phase; None where it is shorter than two minutes, so that its ends do not overlap.

    `wall_ns` is how long the phase took: what lies between inferences is spread evenly over them.
    """
    values = np.asarray(samples_ns, dtype=np.float64)
    busy = float(values.sum())
    lasted = max(busy, float(wall_ns or 0))
    if len(values) < 2 or lasted < LEAST_NS:
        return None
    ends = np.cumsum(values) * (lasted / busy)
    first, last = values[ends <= MINUTE_NS], values[ends > lasted - MINUTE_NS]
    if not len(first) or not len(last):
        return None
    return Curve(
        blocks=tuple(_blocks(values, ends, lasted, blocks)),
        lasted_ns=lasted,
        first_ns=float(np.median(first)),
        last_ns=float(np.median(last)),
    )


def _blocks(values: NDArray[np.float64], ends: NDArray[np.float64], lasted: float, count: int) -> list[Block]:
    """Stretches of equal time; one without an inference, which a very slow model leaves, is left out."""
    edges = np.linspace(0, lasted, count + 1)
    places = np.searchsorted(ends, edges[1:-1], side="right")
    found = []
    for i, group in enumerate(np.split(values, places)):
        if len(group):
            found.append(
                Block(
                    at_ns=float(edges[i] + edges[i + 1]) / 2,
                    low_ns=float(group.min()),
                    median_ns=float(np.median(group)),
                    high_ns=float(group.max()),
                )
            )
    return found
