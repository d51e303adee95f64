"""The processes behind a cell's latency one by one, in the order in which they ran: what a number rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from devbench.domain.device import DeviceState
from devbench.domain.measurement import Measurement
from devbench.domain.run import RunHeader
from devbench.domain.summary import Cell
from devbench.stats import RunQuality, run_median, run_quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One attempt of pass `latency`. `order` counts the cell's attempts from 1, `added` says its round was not
    planned at first; `median_ns` and `quality` are those of its steady samples, None without any.

    `offset_s` is the time since the first attempt of this cell, by the host's clock: for reading, not for timing.
    """

    measurement: Measurement
    order: int
    added: bool
    median_ns: float | None
    quality: RunQuality | None
    offset_s: float | None

    @property
    def counts(self) -> bool:
        return self.measurement.status == "ok"

    @property
    def words(self) -> str:
        """Its status with the reason: `ok`, `discarded: throttled`, `failed: crash`."""
        failure = self.measurement.failure
        return f"{self.measurement.status}: {failure.kind}" if failure else self.measurement.status


def processes_of(header: RunHeader, cell: Cell) -> tuple[Process, ...]:
    """Every attempt of pass `latency`, discarded and failed ones too."""
    attempts = sorted(
        (m for m in cell.measurements if m.pass_name == "latency"),
        key=lambda m: (m.started_at, m.round, m.attempt),
    )
    first = _moment(attempts[0].started_at) if attempts else None
    found = []
    for order, m in enumerate(attempts, start=1):
        steady, now = m.samples_ns("steady"), _moment(m.started_at)
        found.append(
            Process(
                measurement=m,
                order=order,
                added=m.round > header.rounds,
                median_ns=run_median(steady) if steady else None,
                quality=run_quality(steady) if steady else None,
                offset_s=(now - first).total_seconds() if now and first else None,
            )
        )
    return tuple(found)


def hottest_c(state: DeviceState | None) -> float | None:
    """The hottest of all sensors, the battery's too."""
    if state is None:
        return None
    known = [*state.temperatures_c.values(), state.battery_temperature_c]
    return max((c for c in known if c is not None), default=None)


def fastest_khz(m: Measurement) -> int | None:
    """The fastest clock at the end of steady, as the process read it; else after it, as the phone says."""
    clocks = m.actual.cpu_khz if m.actual and m.actual.cpu_khz else {}
    if not clocks and m.state_after is not None:
        clocks = m.state_after.cpu_khz
    return max(clocks.values(), default=None)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
