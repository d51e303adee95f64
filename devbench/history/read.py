"""A run folder as what a history needs of it: for each row who it is, how it ended, and its numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from devbench.domain.history import LineKey, Origin
from devbench.domain.run import Run
from devbench.domain.summary import Cell, CellSummary, Estimate
from devbench.errors import StoreError
from devbench.metrics import all_metrics
from devbench.store import RunFolder
from devbench.summary import control_summaries, summarise
from devbench.summary.scrub import scrubbed
from devbench.summary.series import SeriesKey, series_of

# what the control measures too: its speed says how fast the phone was that night
_CONTROLLED = "latency"
Scrub = Callable[[str], str]
_NO_ATTEMPT = "no attempt was made: the run is not that far, or ended before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a run: what it belongs to, how it ended, and each number that was to be measured.

    `control_ns` is the control's latency on the same phone in the same setup, by phase.
    """

    key: LineKey
    origin: Origin
    variant_sha256: str
    control: bool
    control_ns: dict[str, float]
    status: str
    reason: str | None
    verdict: str
    taints: tuple[str, ...]
    numbers: tuple[Estimate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """A run: `started_at` in UTC, `night` the date where it was measured, `records` the attempts it holds.

    `identity` is alike in every copy of one run, also in one made before it ended, and in no other run.
    """

    run_id: str
    identity: str
    started_at: str
    night: str
    records: int
    rows: tuple[Row, ...]


def read_night(folder: Path) -> Night:
    """StoreError when the folder is damaged, of a newer devbench, or contradicts itself."""
    run = RunFolder(folder).read()
    begin, night = _began(run)
    summaries = (*summarise(run), *control_summaries(run))
    controls = [s for s in summaries if s.cell.variant.control]
    series = [series_of(run, s.cell) for s in summaries]
    aparts = _aparts(summaries, series)
    scrub = partial(scrubbed, run)
    return Night(
        run_id=run.header.run_id,
        identity=" ".join(
            (run.header.run_id, run.header.created_at, *(j.job_id for j in run.header.jobs[:1]))
        ),
        started_at=begin,
        night=night,
        records=len(run.measurements),
        rows=tuple(
            _row(s, key, apart, _control_of(s, controls), scrub)
            for s, key, apart in zip(summaries, series, aparts, strict=True)
        ),
    )


def _began(run: Run) -> tuple[str, str]:
    """When the first process ran, else when the run was asked for; its night is by the clock of that computer."""
    asked = _time(run, run.header.created_at)
    first = min((_time(run, m.started_at) for m in run.measurements), default=asked)
    begin = min(asked, first)
    return begin.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), begin.astimezone(
        asked.tzinfo
    ).date().isoformat()


def _time(run: Run, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise StoreError(f"run {run.header.run_id}: {text[:40]!r} is no time in ISO 8601") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _control_of(summary: CellSummary, controls: Sequence[CellSummary]) -> CellSummary | None:
    """The control's row on the same phone in the same setup; None for a control itself."""
    if summary.cell.variant.control:
        return None
    return next((c for c in controls if _setup(c.cell) == _setup(summary.cell)), None)


def _setup(cell: Cell) -> tuple[object, ...]:
    return (cell.device.device, cell.backend, cell.runner, cell.abi)


def _aparts(summaries: Sequence[CellSummary], series: Sequence[SeriesKey]) -> list[str]:
    """What tells apart rows that would be one line: the engine's version, else their place in the plan."""
    alike: dict[LineKey, list[int]] = defaultdict(list)
    for i, key in enumerate(series):
        alike[key.line()].append(i)
    aparts = [""] * len(series)
    for members in alike.values():
        versions = [summaries[i].cell.backend.engine_version or "" for i in members]
        by_version = max(Counter(versions).values()) == 1
        for place, i in enumerate(members):
            if len(members) > 1:
                aparts[i] = f"version {versions[place]}" if by_version else f"row {place + 1}"
    return aparts


def _row(
    summary: CellSummary, series: SeriesKey, apart: str, control: CellSummary | None, scrub: Scrub
) -> Row:
    cell, reason = summary.cell, None
    if summary.status != "ok":
        failure = summary.failure
        reason = f"{failure.kind}: {scrub(failure.cause)}" if failure else _NO_ATTEMPT
    measured = [e for e in control.estimates if e.metric == _CONTROLLED] if control else []
    return Row(
        key=series.line(apart),
        origin=Origin(
            fingerprint=series.fingerprint,
            runner_sha256=series.runner_sha256,
            engine_sha256=series.engine_sha256,
            engine_version=cell.backend.engine_version or "",
            control_sha256=(control.cell.variant.sha256 if control else None) or "",
        ),
        variant_sha256=cell.variant.sha256 or "",
        control=cell.variant.control,
        control_ns={e.phase: e.value for e in measured if e.value is not None},
        status=summary.status,
        reason=reason,
        verdict=summary.verdict,
        taints=tuple(t.id for t in summary.taints),
        numbers=_numbers(summary),
    )


def _numbers(summary: CellSummary) -> tuple[Estimate, ...]:
    """Every number that there is, and of those that are missing the ones whose pass was to run."""
    passes = {m.pass_name for m in summary.cell.measurements} | {"latency"}
    meant = {(m.name, m.phase) for m in all_metrics() if set(m.passes) & passes and not m.optional}
    return tuple(e for e in summary.estimates if e.value is not None or (e.metric, e.phase) in meant)
