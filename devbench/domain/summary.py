"""What a table shows: derived from measurements whenever it is needed, never stored as truth."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.domain.device import DeviceInfo
from devbench.domain.job import Backend
from devbench.domain.measurement import Failure, Measurement
from devbench.domain.taint import Taint
from devbench.domain.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One metric of one cell: value with its 95 % interval in the metric's unit; None with a `reason`.

    `n` counts raw samples, `rounds` the processes behind the interval (the unit of replication).
    """

    metric: str
    phase: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    rounds: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A cell against the baseline's on the same phone: ratio of latencies with its 95 % interval.

    `rounds` counts the pairs, `rounds_needed` how many would narrow the interval until it decides (± 1.5 %),
    `p_value` is that of ratio 1 after Holm's correction over the comparisons with this baseline.
    """

    baseline: str
    ratio: float | None
    low: float | None
    high: float | None
    rounds: int
    verdict: str
    rounds_needed: int | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a table row shows: the jobs that differ only in pass and round, and what was measured by them.

    `folder` is the run's, where the files lie that measurements name.
    """

    device: DeviceInfo
    variant: Variant
    backend: Backend
    runner: str
    abi: str
    measurements: tuple[Measurement, ...]
    planned: int
    folder: str = ""

    def of_pass(self, pass_name: str, status: str = "ok") -> tuple[Measurement, ...]:
        return tuple(m for m in self.measurements if m.pass_name == pass_name and m.status == status)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One row: the cell, its estimates, its status (`ok` `failed` `skipped`), verdict and what taints it."""

    cell: Cell
    status: str
    verdict: str
    estimates: tuple[Estimate, ...]
    comparison: Comparison | None = None
    taints: tuple[Taint, ...] = ()
    failure: Failure | None = None

    def estimate(self, metric: str, phase: str = "") -> Estimate | None:
        return next((e for e in self.estimates if e.metric == metric and e.phase == phase), None)
