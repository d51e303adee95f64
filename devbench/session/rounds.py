"""Which rounds a phone still needs: those whose interval is too wide, and those that a hot phone has spoilt. Pure.

Rounds are added for width, never for what the numbers say: stopping at the first significant look would call
differences that are not there.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from devbench.domain.job import Job
from devbench.domain.measurement import Measurement, Series
from devbench.domain.run import Run, RunHeader
from devbench.domain.summary import Cell
from devbench.plan import more_rounds
from devbench.stats import DELTA, log_t_interval, paired, run_median, settled
from devbench.summary.cells import cell_key, cells_of
from devbench.summary.comparison import chosen_baseline, reference_of
from devbench.summary.conditions import steady_by_round

ADDED_AT_ONCE = 2
MOST_REDOS = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """Jobs to add, and the reason in words."""

    jobs: tuple[Job, ...]
    reason: str


def light(measurement: Measurement) -> Measurement:
    """What decisions need of a measurement, kept until a session ends: its steady median instead of all samples."""
    samples = measurement.samples_ns("steady")
    series = (Series(phase="steady", values_ns=(round(run_median(samples)),)),) if samples else ()
    return dataclasses.replace(
        measurement, series=series, scrapes={}, log_tail="", ops=(), marks=(), outputs=(), argv=(), usage=(),
        state_before=None, state_after=None,
    )  # fmt: skip


def rounds_to_add(
    header: RunHeader, device: str, jobs: Sequence[Job], measured: Sequence[Measurement], most: int
) -> More | None:
    """Two rounds more for what is undecided on a phone, with the control and what it is held against; or None.

    `jobs` are all jobs of that phone so far. None when every interval is narrow enough, at `most` rounds, and for
    cells without any number.
    """
    latency = [job for job in jobs if job.pass_name == "latency"]
    last = max((job.round for job in latency), default=0)
    room = min(ADDED_AT_ONCE, most - last)
    if room <= 0:
        return None
    mine = dataclasses.replace(header, jobs=tuple(jobs))
    run = Run(header=mine, measurements=tuple(m for m in measured if m.device == device), folder="")
    wide = _wide_cells(run)
    if not wide:
        return None
    wanted = {_key_of(cell) for cell, _ in wide} | {_key_of(c) for c, _ in wide for c in _company(run, c)}
    latest = {cell_key(job): job for job in latency}  # jobs come in order, so the newest round of each stays
    again = [job for key, job in latest.items() if _key_in(job, wanted)]
    level = [dataclasses.replace(job, round=last) for job in again]
    names = ", ".join(f"{cell.variant.variant} ±{100 * width:.1f} %" for cell, width in wide[:3])
    more = f" and {len(wide) - 3} more" if len(wide) > 3 else ""
    return More(
        jobs=more_rounds(level, count=room, seed=header.seed, position=max(job.position for job in jobs) + 1),
        reason=f"{room} rounds more, {last + room} of at most {most}: too wide: {names}{more}",
    )


def _wide_cells(run: Run) -> list[tuple[Cell, float]]:
    """Cells whose interval is too wide, with its half width as a ratio: of the comparison where there is one."""
    cells = [c for c in cells_of(run) if not c.variant.control]
    baseline = chosen_baseline(run.header, None)
    references = [reference_of(cell, cells, baseline) for cell in cells]
    held_against = {id(ref) for cell, ref in zip(cells, references, strict=True) if ref is not cell}
    found = []
    for cell, reference in zip(cells, references, strict=True):
        values = steady_by_round(cell)
        if reference is not cell and (pair := paired(steady_by_round(reference), values)) is not None:
            low, high, enough = pair.low, pair.high, settled(pair.low, pair.high)
        elif values and id(cell) not in held_against:
            own = log_t_interval(list(values.values()))
            low, high = own.low, own.high
            enough = low is None or high is None or math.sqrt(high / low) - 1 <= DELTA
        else:
            continue  # nothing measured, or its own doubt cancels in the comparisons that it is there for
        if low is not None and high is not None and not enough:  # a single round has no interval
            found.append((cell, math.sqrt(high / low) - 1))
    return found


def _company(run: Run, cell: Cell) -> Iterable[Cell]:
    """What must be measured along with `cell`: its reference and the control."""
    cells = cells_of(run)
    plain = [c for c in cells if not c.variant.control]
    yield reference_of(cell, plain, chosen_baseline(run.header, None))
    yield from (c for c in cells if c.variant.control)


def _key_of(cell: Cell) -> tuple[object, ...]:
    return (cell.variant.variant, cell.backend, cell.runner, cell.abi)


def _key_in(job: Job, wanted: set[tuple[object, ...]]) -> bool:
    return (job.variant, job.backend, job.runner, job.abi) in wanted


class Redos:
    """Which rounds were measured how often, so that a hot phone is not asked for ever."""

    def __init__(self) -> None:
        self._done: Counter[int] = Counter()

    @property
    def rounds(self) -> int:
        return sum(self._done.values())

    def allowed(self, round_: int) -> bool:
        """Whether `round_` may be measured once more; counts it."""
        if self._done[round_] >= MOST_REDOS:
            return False
        self._done[round_] += 1
        return True
