"""The size of the model file, because it is what an app has to carry."""

from __future__ import annotations

from devbench.domain.summary import Cell, Estimate
from devbench.metrics.base import Metric


def _size(cell: Cell) -> Estimate:
    size = cell.variant.size_bytes
    if size is None:
        return Estimate(metric="size", phase="", unit="byte", value=None, reason="its file is not known here")
    return Estimate(metric="size", phase="", unit="byte", value=float(size), n=1)


METRICS = (Metric(name="size", unit="byte", label="Size", estimate=_size, better="lower", column=30),)
