"""Reads one count of what a process used in one phase; metrics of resources are made of it."""

from __future__ import annotations

from collections.abc import Callable

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.metrics.base import Reading


def of_phase(field: str, phase: str) -> Callable[[Cell, Measurement], Reading]:
    """`field` of `Usage` for the phase; without one, that the runner could not read it."""

    def read(cell: Cell, measurement: Measurement) -> Reading:
        found = [getattr(u, field) for u in measurement.usage if u.phase == phase]
        if not found or found[-1] is None:
            return Reading(value=None, n=0, reason=f"the runner could not read {field} of phase {phase}")
        return Reading(value=float(found[-1]))

    return read
