"""Two variants set against each other phone by phone: of one run by rounds, of two runs by what is alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from devbench.domain.run import Run
from devbench.domain.summary import Cell
from devbench.errors import UsageError
from devbench.stats import ALPHA, geometric_mean, holm_adjusted, paired, unpaired, verdict_of
from devbench.summary import cells_of, setup_told
from devbench.summary.conditions import steady_by_round


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison: a run, and the variant of it (None: each of its own)."""

    run: Run
    variant: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """B against A on one phone in one setup: ratio of steady latencies with its 95 % interval and verdict.

    `p_value` is that of ratio 1, after Holm's correction over all comparisons on that phone; `rounds_needed` how
    many rounds would narrow the interval until it decides. `interleaved`: both ran in the same rounds; else
    `caveats` say what else may differ.
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
    p_value: float | None = None
    rounds_needed: int | None = None
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Geometric mean of the ratios of B to A over phones, with its interval over phones."""

    a: str
    b: str
    ratio: float
    low: float | None
    high: float | None
    phones: int


def compare_sides(a: Side, b: Side) -> tuple[Versus, ...]:
    """Every cell of A against the cell of B that is alike; UsageError when nothing is.

    Where a phone has several comparisons their verdicts are corrected together (Holm). Phones are not: what each
    of them says is about itself, and all of them together have their geometric mean.
    """
    found = tuple(_versus(a, b))
    if not found:
        raise UsageError(
            "the two sides share no phone and setup to compare on",
            fix="name variants as RUN:VARIANT; `devbench report RUN` lists what a run holds",
        )
    by_phone: dict[str, list[int]] = defaultdict(list)
    for i, result in enumerate(found):
        by_phone[result.device].append(i)
    corrected: dict[int, float | None] = {}
    for members in by_phone.values():
        corrected.update(zip(members, holm_adjusted([found[i].p_value for i in members]), strict=True))
    return tuple(_corrected(result, corrected[i]) for i, result in enumerate(found))


def _corrected(result: Versus, p_value: float | None) -> Versus:
    if result.ratio is None:
        return result
    differs = p_value is not None and p_value < ALPHA
    verdict = verdict_of(result.ratio, result.low, result.high, differs=differs)
    return replace(result, p_value=p_value, verdict=verdict)


def together(results: Sequence[Versus]) -> tuple[Together, ...]:
    """For each pair of A and B that two real phones or more have: two virtual phones are one computer.

    A phone counts once, with the geometric mean of its own setups: phones are what is sampled.
    """
    pairs: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for result in results:
        if result.ratio is not None and not result.virtual:
            pairs[result.a, result.b][result.device].append(result.ratio)
    found = []
    for (a, b), phones in pairs.items():
        if len(phones) >= 2:
            mean = geometric_mean([geometric_mean(ratios).value for ratios in phones.values()])
            found.append(Together(a=a, b=b, ratio=mean.value, low=mean.low, high=mean.high, phones=len(phones)))
    return tuple(found)


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
    setup = (backend.engine, backend.delegate_told, backend.threads, backend.cores, backend.load)
    return (cell.device.device, cell.runner, cell.abi, *setup, None if side.variant else cell.variant.variant)


def _against(a: Cell, b: Cell, *, same_run: bool) -> Versus:
    rounds_a, rounds_b = steady_by_round(a), steady_by_round(b)
    alike = Versus(
        device=a.device.device,
        virtual=a.device.virtual,
        setup=", ".join(setup_told(a)),
        a=a.variant.variant,
        b=b.variant.variant,
        ratio=None,
        low=None,
        high=None,
        rounds=0,
        verdict="inconclusive",
        interleaved=same_run,
        caveats=() if same_run else _caveats(a, b),
    )
    if same_run and (pair := paired(rounds_a, rounds_b)) is not None:
        return replace(
            alike, ratio=pair.ratio, low=pair.low, high=pair.high, rounds=pair.rounds, p_value=pair.p_value,
            verdict=pair.verdict, rounds_needed=pair.rounds_needed,
        )  # fmt: skip
    apart = None if same_run else unpaired(list(rounds_a.values()), list(rounds_b.values()))
    if apart is None:
        return alike
    return replace(
        alike, ratio=apart.ratio, low=apart.low, high=apart.high, rounds=min(apart.runs_a, apart.runs_b),
        p_value=apart.p_value, verdict=apart.verdict,
    )  # fmt: skip


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
