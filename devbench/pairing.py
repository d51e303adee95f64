"""Two variants set against each other phone by phone: of one run by rounds, of two runs by what is alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devbench.domain.run import Run
from devbench.domain.summary import Cell
from devbench.errors import UsageError
from devbench.stats import geometric_mean, paired
from devbench.stats.unpaired import unpaired
from devbench.summary import cells_of, setup_words
from devbench.summary.conditions import steady_by_round


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison: a run, and the variant of it (None: each of its own)."""

    run: Run
    variant: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """B against A on one phone in one setup: ratio of steady latencies with its 95 % interval and verdict.

    `interleaved`: both ran in the same rounds; else `caveats` say what else may differ.
    """

    device: str
    virtual: bool
    setup: str
    a: str
    b: str
    ratio: float | None
    low: float | None
    high: float | None
    rounds: int
    verdict: str
    interleaved: bool
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Geometric mean of the ratios over phones with its interval over phones (None below two)."""

    ratio: float
    low: float | None
    high: float | None
    phones: int


def compare_sides(a: Side, b: Side) -> tuple[Versus, ...]:
    """Every cell of A against the cell of B that is alike; UsageError when nothing is."""
    found = tuple(_versus(a, b))
    if not found:
        raise UsageError(
            "the two sides share no phone and setup to compare on",
            fix="name variants as RUN:VARIANT; `devbench report RUN` lists what a run holds",
        )
    return found


def together(results: Sequence[Versus]) -> Together | None:
    """Over real phones only: two virtual phones are one computer. None below two phones."""
    by_phone: dict[str, float] = {}
    for result in results:
        if result.ratio is not None and not result.virtual:
            by_phone.setdefault(result.device, result.ratio)
    if len(by_phone) < 2:
        return None
    mean = geometric_mean(list(by_phone.values()))
    return Together(ratio=mean.value, low=mean.low, high=mean.high, phones=len(by_phone))


def _versus(a: Side, b: Side) -> Iterator[Versus]:
    others = {_key(cell, b): cell for cell in _cells(b)}
    for cell in _cells(a):
        other = others.get(_key(cell, a))
        if other is None or other is cell:
            continue
        yield _against(cell, other, same_run=a.run.header.run_id == b.run.header.run_id)


def _cells(side: Side) -> list[Cell]:
    known = [v.variant for v in side.run.header.variants]
    if side.variant is not None and side.variant not in known:
        raise UsageError(
            f"run {side.run.header.run_id} has no variant {side.variant!r}", fix=f"one of: {', '.join(known)}"
        )
    return [
        cell
        for cell in cells_of(side.run)
        if (cell.variant.variant == side.variant if side.variant else not cell.variant.control)
    ]


def _key(cell: Cell, side: Side) -> tuple[object, ...]:
    """What must be alike. Versions may differ: that is what many comparisons are about."""
    backend = cell.backend
    setup = (backend.engine, backend.delegate, backend.threads, backend.cores)
    return (cell.device.device, cell.runner, cell.abi, *setup, None if side.variant else cell.variant.variant)


def _against(a: Cell, b: Cell, *, same_run: bool) -> Versus:
    rounds_a, rounds_b = steady_by_round(a), steady_by_round(b)
    if same_run:
        pair = paired(rounds_a, rounds_b)
        counted = pair.rounds if pair else 0
        ratio, low, high = (pair.ratio, pair.low, pair.high) if pair else (None, None, None)
        verdict = pair.verdict if pair else "inconclusive"
    else:
        apart = unpaired(list(rounds_a.values()), list(rounds_b.values()))
        counted = min(apart.runs_a, apart.runs_b) if apart else 0
        ratio, low, high = (apart.ratio, apart.low, apart.high) if apart else (None, None, None)
        verdict = apart.verdict if apart else "inconclusive"
    return Versus(
        device=a.device.device,
        virtual=a.device.virtual,
        setup=", ".join(setup_words(a).values()),
        a=a.variant.variant,
        b=b.variant.variant,
        ratio=ratio,
        low=low,
        high=high,
        rounds=counted,
        verdict=verdict,
        interleaved=same_run,
        caveats=() if same_run else _caveats(a, b),
    )


def _caveats(a: Cell, b: Cell) -> tuple[str, ...]:
    found = ["measured in different sessions: drift of the phone between them is in the ratio"]
    if a.device.fingerprint != b.device.fingerprint:
        found.append(f"the phone's build changed: {a.device.fingerprint} → {b.device.fingerprint}")
    if a.backend.engine_sha256 != b.backend.engine_sha256:
        found.append(f"the engine differs: {a.backend.engine_version} → {b.backend.engine_version}")
    versions = [
        next((m.actual.runner_version for m in cell.measurements if m.actual is not None), None)
        for cell in (a, b)
    ]
    if versions[0] != versions[1]:
        found.append(f"the runner differs: {versions[0]} → {versions[1]}")
    return tuple(found)
