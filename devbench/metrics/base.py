"""What a metric is, and how members of this package are found, so that adding one is adding one file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, TypeAlias

from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell, Estimate
from devbench.stats import log_t_interval, t_interval

Better: TypeAlias = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One number of a cell; `unit` is canonical (`ns` `byte` `percent` `count` `ratio`; `value`: of the outputs).

    `passes` are the passes it is measured in (none: it needs no run). `column` is its place in tables,
    from the left; None keeps it out of tables, though not out of files. `of` says what a percentage is of.
    `optional`: few runs measure it, and a table without it needs no word on why.
    """

    name: str
    unit: str
    label: str
    estimate: Callable[[Cell], Estimate]
    phase: str = ""
    better: Better | None = None
    passes: tuple[str, ...] = ()
    column: int | None = None
    of: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    """A command run on the phone at steady state of pass `resources`; `{pid}` is the measured process.

    Its raw output is kept in `Measurement.scrapes[name]` and understood later.
    """

    name: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one run says of a metric: a value from `n` raw samples, or None and the reason."""

    value: float | None
    n: int = 1
    reason: str | None = None


def metric_of_runs(
    read: Callable[[Cell, Measurement], Reading],
    *,
    name: str,
    unit: str,
    label: str,
    pass_name: str,
    phase: str = "",
    better: Better | None = None,
    column: int | None = None,
    of: str = "",
    optional: bool = False,
) -> Metric:
    """A metric whose value is the mean over the `ok` runs of one pass, on logs where no run gave 0."""

    def estimate(cell: Cell) -> Estimate:
        readings = [read(cell, m) for m in cell.of_pass(pass_name)]
        values = [r.value for r in readings if r.value is not None]
        if not values:
            reason = next((r.reason for r in readings if r.reason), None) or why_no_run(cell, pass_name)
            return Estimate(metric=name, phase=phase, unit=unit, value=None, reason=reason)
        interval = log_t_interval(values) if min(values) > 0 else t_interval(values)
        return Estimate(
            metric=name,
            phase=phase,
            unit=unit,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            n=sum(r.n for r in readings if r.value is not None),
            rounds=len(values),
        )

    return Metric(
        name=name,
        unit=unit,
        label=label,
        estimate=estimate,
        phase=phase,
        better=better,
        passes=(pass_name,),
        column=column,
        of=of,
        optional=optional,
    )


def why_no_run(cell: Cell, pass_name: str) -> str:
    """One sentence on why no run of a pass is `ok`."""
    attempts = [m for m in cell.measurements if m.pass_name == pass_name]
    if not attempts:
        return f"no run of pass {pass_name}"
    last = attempts[-1]
    kind = f" ({last.failure.kind})" if last.failure else ""
    return f"every run of pass {pass_name} is {last.status}{kind}"


def members_of(package: ModuleType) -> Iterator[ModuleType]:
    """Every module directly in `package`, imported, in the order of their names."""
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    for name in names:
        yield importlib.import_module(f"{package.__name__}.{name}")


def all_metrics() -> tuple[Metric, ...]:
    """The METRICS of every member; the same order on every machine."""
    import devbench.metrics

    return tuple(m for module in members_of(devbench.metrics) for m in getattr(module, "METRICS", ()))


def all_scrapes() -> tuple[Scrape, ...]:
    """The SCRAPES of every member; the same order on every machine."""
    import devbench.metrics

    return tuple(s for module in members_of(devbench.metrics) for s in getattr(module, "SCRAPES", ()))
