"""From variants, phones and rounds to jobs in order: interleaved, and the same for the same seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from devbench.domain.cpus import mask_of
from devbench.domain.device import DeviceInfo
from devbench.domain.job import Backend, Bounds, Job, Profile, job_id_of
from devbench.domain.variant import Variant
from devbench.errors import UsageError

DEFAULT_THREADS = 4
PASSES = ("latency", "resources")

PROFILES: dict[str, Profile] = {
    "quick": Profile(name="quick", rounds=3, bounds=Bounds(steady_min_ms=500)),
    "standard": Profile(name="standard", rounds=8, bounds=Bounds()),
    "tail": Profile(name="tail", rounds=8, bounds=Bounds(steady_min_n=1024, steady_min_ms=60_000)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChoice:
    """The engine that runs a variant on a phone, as resolved: name, version and the hash of the very file."""

    engine: str
    version: str | None
    sha256: str


EngineFor: TypeAlias = "Callable[[Variant, DeviceInfo, str | None], EngineChoice]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The dimensions of a run beside variants and phones; None: the default for each phone."""

    engines: tuple[str | None, ...] = (None,)
    delegates: tuple[str, ...] = ("xnnpack",)
    threads: tuple[int | None, ...] = (None,)
    cores: tuple[str, ...] = ("big",)
    runners: tuple[str, ...] = ("native",)
    input_seed: int = 0
    input_shapes: dict[str, str] = field(default_factory=dict)
    input_files: dict[str, str] = field(default_factory=dict)
    input_sha256: dict[str, str] = field(default_factory=dict)
    signature: str | None = None


def plan_phone(
    device: DeviceInfo,
    variants: Sequence[Variant],
    *,
    profile: Profile,
    rounds: int,
    seed: int,
    choices: Choices,
    engine_for: EngineFor,
    runner_sha256: str,
) -> tuple[Job, ...]:
    """The jobs of one phone in order.

    Round 1 begins with pass `resources` of every cell, because it also shows what cannot run at all before
    the long part; then each round holds every cell once, in a random order in odd rounds and its reverse in
    the next (ABBA), so that a drift hits all variants alike.
    """
    cells = list(_cells(device, variants, choices, engine_for))
    rng = random.Random(f"{seed}/{device.device}")
    jobs: list[Job] = []
    for pass_name, round_, order in _schedule(len(cells), rounds, rng):
        for index in order:
            variant, backend, runner = cells[index]
            if pass_name == "resources" and variant.control:
                continue
            bounds = _bounds(profile.bounds, pass_name)
            jobs.append(
                _job(device, variant, backend, runner, pass_name, round_, len(jobs), bounds, choices,
                     runner_sha256, profile.name)
            )  # fmt: skip
    return tuple(jobs)


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
) -> Iterator[tuple[Variant, Backend, str]]:
    for runner, variant in itertools.product(choices.runners, variants):
        # the control is measured one way only, whatever the others are
        only = 1 if variant.control else None
        dimensions = itertools.product(
            choices.engines[:only], choices.delegates[:only], choices.threads[:only], choices.cores[:only]
        )
        for name, delegate, threads, cores in dimensions:
            engine = engine_for(variant, device, name)
            cpus = core_mask(device, cores)
            backend = Backend(
                engine=engine.engine,
                engine_version=engine.version,
                engine_sha256=engine.sha256,
                delegate=delegate,
                threads=threads or max(1, min(DEFAULT_THREADS, len(cpus))),
                cores=cores,
                cpu_mask=mask_of(cpus) or None,
            )
            yield variant, backend, runner


def _schedule(count: int, rounds: int, rng: random.Random) -> Iterator[tuple[str, int, Iterable[int]]]:
    yield "resources", 1, range(count)
    order = list(range(count))
    for round_ in range(1, rounds + 1):
        if round_ % 2:
            rng.shuffle(order)
            yield "latency", round_, tuple(order)
        else:
            yield "latency", round_, tuple(reversed(order))


def _bounds(bounds: Bounds, pass_name: str) -> Bounds:
    """Pass `resources` wants a settled process, not many samples."""
    if pass_name != "resources":
        return bounds
    return Bounds(steady_min_n=5, steady_min_ms=500, warmup_min_ms=200, warmup_max_ms=2000)


def _job(
    device: DeviceInfo, variant: Variant, backend: Backend, runner: str, pass_name: str, round_: int,
    position: int, bounds: Bounds, choices: Choices, runner_sha256: str, profile: str,
) -> Job:  # fmt: skip
    if variant.control:
        # the control has inputs of its own: what was given for the user's models does not fit it
        choices = replace(choices, input_shapes={}, input_files={}, input_sha256={}, signature=None)
    decides: dict[str, object] = {
        "device": device.device,
        "fingerprint": device.fingerprint,
        "variant": variant.variant,
        "model_sha256": variant.sha256,
        "backend": backend,
        "runner": runner,
        "runner_sha256": runner_sha256,
        "target": device.target,
        "pass": pass_name,
        "round": round_,
        "bounds": bounds,
        "profile": profile,
        "input_seed": choices.input_seed,
        "input_shapes": choices.input_shapes,
        "input_sha256": choices.input_sha256,
        "signature": choices.signature,
    }
    return Job(
        job_id=job_id_of(decides=decides),
        device=device.device,
        variant=variant.variant,
        backend=backend,
        runner=runner,
        abi=device.target.partition("-")[2],
        pass_name=pass_name,
        round=round_,
        position=position,
        bounds=bounds,
        input_seed=choices.input_seed,
        input_shapes=choices.input_shapes,
        input_files=choices.input_files,
        input_sha256=choices.input_sha256,
        signature=choices.signature,
    )
