"""From variants, phones and rounds to jobs in order: interleaved, and the same for the same seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from devbench.domain.cpus import mask_of
from devbench.domain.delegate_word import parse_delegate
from devbench.domain.device import DeviceInfo
from devbench.domain.job import OWN_LOAD, Backend, Bounds, Job, Profile, job_id_of
from devbench.domain.measurement import Failure
from devbench.domain.variant import Variant
from devbench.errors import UsageError
from devbench.precision import reference_of

DEFAULT_THREADS = 4
# in the order of a session: what cannot run at all shows before the long part
PASSES = ("resources", "parity", "ops", "accuracy", "energy", "latency")
MAX_ROUNDS = 20
ENERGY_MS = 10_000  # counters and gauges are renewed a few times a second
_AT_ONCE = Bounds(warmup_min_ms=0, warmup_max_ms=0, steady_min_ms=0)
_ONE_ANSWER = replace(_AT_ONCE, warmup_max_n=0, steady_min_n=1, steady_max_n=1)
# of a graph in a profile that does not ask for operators: it is there to count the nodes
_SOME_TRACES = replace(_AT_ONCE, warmup_max_n=1, steady_min_n=3, steady_max_n=3)

PROFILES: dict[str, Profile] = {
    "quick": Profile(
        name="quick",
        rounds=3,
        bounds=Bounds(
            warmup_min_ms=300, warmup_max_ms=1500, warmup_max_n=4, warmup_block_n=2, warmup_block_ms=150,
            steady_min_ms=300, steady_soft_ms=1000,
        ),
        passes=("latency", "resources", "parity", "accuracy"),
        careful=False,
    ),
    "standard": Profile(
        name="standard",
        rounds=8,
        max_rounds=MAX_ROUNDS,
        bounds=Bounds(),
        passes=("latency", "resources", "parity", "ops", "accuracy"),
    ),
    "tail": Profile(
        name="tail",
        rounds=8,
        bounds=Bounds(
            steady_min_n=1024, steady_min_ms=60_000, steady_soft_ms=300_000, steady_soft_n=35
        ),
    ),
    "sustained": Profile(
        name="sustained",
        rounds=1,
        bounds=Bounds(
            steady_min_ms=600_000, steady_soft_ms=600_000, steady_max_n=1_000_000, marks_ms=1000
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateChoice:
    """What a word of --delegate means with an engine: the hash of its own library, or why it cannot be applied."""

    sha256: str | None = None
    refused: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """What runs a variant on a target, as resolved: engine and runner with the hashes of the very files.

    With `refused` there is nothing that could run it: its jobs are skipped with that failure. `no_ops` says
    why its operators cannot be timed: then there is no job for that. `no_loads` are the ways of loading that
    cannot be had here. `accuracy`, `energy`, `parity`: whether its runner has that pass.
    """

    engine: str
    version: str | None
    sha256: str | None
    runner_sha256: str | None
    refused: Failure | None = None
    delegates: Mapping[str, DelegateChoice] = field(default_factory=dict)
    no_ops: str | None = None
    no_loads: Mapping[str, Failure] = field(default_factory=dict)
    accuracy: bool = False
    energy: bool = True
    parity: bool = True


# (word of --runner, variant, target, engine as asked for or None) → what runs it
EngineFor: TypeAlias = "Callable[[str, Variant, str, str | None], EngineChoice]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The dimensions of a run beside variants and phones; None: the default for each phone.

    `runners` are words of --runner: a name, or NAME=PATH for a tool of the user's. `formats` says which model
    formats a word of `engines` runs, where that is known.
    """

    engines: tuple[str | None, ...] = (None,)
    formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    abis: tuple[str | None, ...] = (None,)
    delegates: tuple[str, ...] = ("xnnpack",)
    loads: tuple[str, ...] = (OWN_LOAD,)
    threads: tuple[int | None, ...] = (None,)
    cores: tuple[str, ...] = ("big",)
    runners: tuple[str, ...] = ("native",)
    input_seed: int = 0
    input_shapes: dict[str, str] = field(default_factory=dict)
    input_files: dict[str, str] = field(default_factory=dict)
    input_sha256: dict[str, str] = field(default_factory=dict)
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneJobs:
    """The jobs of one phone in order; `refused` says by job id which of them cannot run there, and why."""

    jobs: tuple[Job, ...]
    refused: dict[str, Failure]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    variant: Variant
    backend: Backend
    runner: str
    target: str
    choice: EngineChoice
    reference: Variant | None


def target_for(device: DeviceInfo, abi: str | None) -> str:
    """The target of `abi` on this phone; its own where None is asked."""
    return device.target if abi is None else f"{device.target.partition('-')[0]}-{abi}"


def plan_phone(
    device: DeviceInfo,
    variants: Sequence[Variant],
    *,
    profile: Profile,
    rounds: int,
    seed: int,
    choices: Choices,
    engine_for: EngineFor,
) -> PhoneJobs:
    """The jobs of one phone in order.

    Round 1 begins with the other passes of every cell, because they also show what cannot run at all before
    the long part; then each round holds every cell once, in a random order in odd rounds and its reverse in
    the next (ABBA), so that a drift hits all variants alike.
    """
    # a runner with an engine of its own has the same cell for every engine asked for; the first name stands
    known: dict[object, _Cell] = {}
    for cell in _cells(device, variants, choices, engine_for):
        known.setdefault(_identity(cell), cell)
    cells = list(known.values())
    rng = random.Random(f"{seed}/{device.device}")
    jobs: list[Job] = []
    refused: dict[str, Failure] = {}
    for pass_name, round_, order in _schedule(len(cells), profile.passes, rounds, rng):
        for index in order:
            cell = cells[index]
            if not _has_pass(cell, pass_name, profile.passes):
                continue
            job = _job(device, cell, pass_name, round_, len(jobs), profile, choices)
            jobs.append(job)
            if cell.choice.refused is not None:
                refused[job.job_id] = cell.choice.refused
    return PhoneJobs(jobs=tuple(jobs), refused=refused)


def core_mask(device: DeviceInfo, cores: str) -> tuple[int, ...]:
    """The CPUs of core group `cores` on this phone; a phone with one kind of core has only those."""
    if cores == "all":
        return device.allowed_cpus
    groups = {group.name: group.cpus for group in device.core_groups}
    if cores in groups:
        return groups[cores]
    if len(groups) == 1:
        return device.allowed_cpus
    raise UsageError(
        f"--cores {cores}: {device.device} has the groups {', '.join(groups)}",
        fix=f"one of: {', '.join([*groups, 'all'])}",
    )


def _cells(
    device: DeviceInfo,
    variants: Sequence[Variant],
    choices: Choices,
    engine_for: EngineFor,
) -> Iterator[_Cell]:
    for runner, variant in itertools.product(choices.runners, variants):
        # the control is measured one way only, whatever the others are
        if variant.control and runner != choices.runners[0]:
            continue
        only = 1 if variant.control else None
        dimensions = itertools.product(
            choices.abis[:only], engines_for(variant, choices)[:only], delegates_for(variant, choices)[:only],
            choices.threads[:only], choices.cores[:only], (OWN_LOAD,) if variant.control else choices.loads,
        )  # fmt: skip
        for abi, name, delegate, threads, cores, load in dimensions:
            target = target_for(device, abi)
            engine = engine_for(runner, variant, target, name)
            cpus = core_mask(device, cores)
            word = parse_delegate(delegate)
            applied = engine.delegates.get(delegate, DelegateChoice())
            refused = engine.refused or applied.refused or engine.no_loads.get(load)
            if engine.refused is None and refused is not None:
                engine = replace(engine, sha256=None, refused=refused)
            backend = Backend(
                engine=engine.engine,
                engine_version=engine.version,
                engine_sha256=engine.sha256,
                delegate=word.name,
                delegate_sha256=applied.sha256,
                delegate_options=word.options,
                threads=threads or max(1, min(DEFAULT_THREADS, len(cpus))),
                cores=cores,
                cpu_mask=mask_of(cpus) or None,
                load=load,
            )
            kind = runner.partition("=")[0]
            compared = engine.parity and engine.refused is None
            yield _Cell(
                variant=variant, backend=backend, runner=kind, target=target, choice=engine,
                reference=reference_of(variant, word.name, variants) if compared else None,
            )  # fmt: skip


def _identity(cell: _Cell) -> tuple[object, ...]:
    """A phone with one kind of core has the same CPUs under each group's name; a mask says which they are."""
    named = cell.backend if cell.backend.cpu_mask is None else replace(cell.backend, cores="")
    return cell.variant.variant, named, cell.runner, cell.target


def more_rounds(last: Sequence[Job], *, count: int, seed: int, position: int) -> tuple[Job, ...]:
    """`count` rounds more of the jobs of a phone's last round, in the order of `plan_phone`, from `position` on."""
    jobs: list[Job] = []
    order = list(last)
    for round_ in range(last[0].round + 1, last[0].round + 1 + count):
        if round_ % 2 or not jobs:
            random.Random(f"{seed}/{last[0].device}/{round_}").shuffle(order)
        else:
            order.reverse()
        for job in order:
            jobs.append(
                replace(
                    job,
                    job_id=job_id_of(decides={"like": job.job_id, "round": round_}),
                    round=round_,
                    position=position + len(jobs),
                )
            )
    return tuple(jobs)


def delegates_for(variant: Variant, choices: Choices) -> tuple[str, ...]:
    """The delegates that the variant is run with: a TensorFlow graph knows none."""
    return ("none",) if variant.format == "pb" else choices.delegates


def engines_for(variant: Variant, choices: Choices) -> tuple[str | None, ...]:
    """The engines asked for that run the variant's format. Where none does, each is to say why it cannot."""
    form = variant.format
    fit = tuple(
        name for name in choices.engines if name is None or form in choices.formats.get(name, (form,))
    )
    return fit or ((None,) if variant.control else choices.engines)


def _has_pass(cell: _Cell, pass_name: str, passes: Sequence[str]) -> bool:
    """The control is there for latency; a graph is always traced, for that alone tells the nodes it executes."""
    if pass_name == "accuracy":
        return pass_name in passes and cell.variant.held_out is not None and cell.choice.accuracy
    if cell.variant.mistake is not None:
        return False  # the same file as another row: only what it answers differs
    if pass_name == "latency":
        return pass_name in passes
    if cell.variant.control or (pass_name == "ops" and cell.choice.no_ops is not None):
        return False
    if pass_name == "energy" and not cell.choice.energy:
        return False
    if pass_name == "parity" and cell.reference is None:
        return False
    return pass_name in passes or (pass_name == "ops" and cell.variant.format == "pb" and "resources" in passes)


def _schedule(
    count: int, passes: Sequence[str], rounds: int, rng: random.Random
) -> Iterator[tuple[str, int, Iterable[int]]]:
    for name in PASSES:
        if name != "latency":
            yield name, 1, range(count)
    order = list(range(count))
    for round_ in range(1, rounds + 1 if "latency" in passes else 1):
        if round_ % 2:
            rng.shuffle(order)
            yield "latency", round_, tuple(order)
        else:
            yield "latency", round_, tuple(reversed(order))


def _bounds(profile: Profile, pass_name: str) -> Bounds:
    """Other passes want a settled process, not many samples; they never take longer than a latency run."""
    bounds = profile.bounds
    if pass_name == "latency":
        return bounds
    if pass_name == "parity":
        return _ONE_ANSWER
    if pass_name == "ops" and pass_name not in profile.passes:
        return _SOME_TRACES
    if pass_name == "energy":
        return replace(
            bounds,
            steady_min_ms=ENERGY_MS,
            steady_soft_ms=3 * ENERGY_MS,
            steady_max_n=1_000_000,
            marks_ms=250,
        )
    return replace(
        bounds,
        steady_min_n=min(bounds.steady_min_n, 5 if pass_name == "resources" else 20),
        steady_min_ms=min(bounds.steady_min_ms, 500),
        steady_soft_ms=min(bounds.steady_soft_ms, 5000),
        warmup_min_ms=min(bounds.warmup_min_ms, 200),
        warmup_max_ms=min(bounds.warmup_max_ms, 500),
        warmup_max_n=min(bounds.warmup_max_n, 2),
        marks_ms=0,
    )


def _job(
    device: DeviceInfo, cell: _Cell, pass_name: str, round_: int, position: int, profile: Profile, choices: Choices
) -> Job:
    variant, backend, bounds = cell.variant, cell.backend, _bounds(profile, pass_name)
    if variant.control:
        # the control has inputs of its own: what was given for the user's models does not fit it
        choices = replace(choices, input_shapes={}, input_files={}, input_sha256={}, signature=None)
    if variant.format == "pb":
        choices = replace(choices, signature=None)  # what a graph computes are its fetches
    decides: dict[str, object] = {
        "device": device.device,
        "fingerprint": device.fingerprint,
        "variant": variant.variant,
        "model_sha256": variant.sha256,
        "backend": backend,
        "runner": cell.runner,
        "runner_sha256": cell.choice.runner_sha256,
        "target": cell.target,
        "pass": pass_name,
        "round": round_,
        "bounds": bounds,
        "profile": profile.name,
        "input_seed": choices.input_seed,
        "input_shapes": choices.input_shapes,
        "input_sha256": choices.input_sha256,
        "signature": choices.signature,
    }
    reference = cell.reference if pass_name == "parity" else None
    return Job(
        job_id=job_id_of(decides=decides | _also_decides(variant, pass_name, reference)),
        device=device.device,
        variant=variant.variant,
        backend=backend,
        runner=cell.runner,
        abi=cell.target.partition("-")[2],
        pass_name=pass_name,
        round=round_,
        position=position,
        bounds=bounds,
        input_seed=choices.input_seed,
        input_shapes=choices.input_shapes,
        input_files=choices.input_files,
        input_sha256=choices.input_sha256,
        signature=choices.signature,
        reference=reference.variant if reference is not None else None,
    )


def _also_decides(variant: Variant, pass_name: str, reference: Variant | None) -> dict[str, object]:
    """What decides the results of some variants or passes only."""
    found: dict[str, object] = {}
    if pass_name == "accuracy" and variant.held_out is not None:
        found["held_out"] = replace(variant.held_out, folder="")
    if variant.fetches:
        found["fetches"] = variant.fetches
    if reference is not None:
        found["reference"] = reference.sha256
    return found
