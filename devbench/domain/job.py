"""What is asked for: a profile of bounds, a backend, and jobs — one process on one phone each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from devbench.domain.codec import to_json

OWN_LOAD = "engine"
APP_TOOL = "app-"  # begins the version of a stock tool that is an app; its hash follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When warm-up and steady phase end (docs/measuring.md); the host passes them on, the runner obeys.

    Steady ends at `steady_min_n` inferences and `steady_min_ms`; past `steady_soft_ms` it ends as soon as
    `steady_soft_n` are there, and at `steady_max_n` in any case. Of the warm-up, `warmup_keep_n` samples are kept.
    Clocks and temperatures are read between two steady inferences, at most every `marks_ms` (0: never).
    """

    warmup_min_ms: int = 1000
    warmup_max_ms: int = 8000
    warmup_max_n: int = 10
    warmup_block_n: int = 3
    warmup_block_ms: int = 500
    warmup_tolerance_pct: float = 4.0
    steady_min_n: int = 50
    steady_min_ms: int = 2000
    steady_soft_ms: int = 30000
    steady_soft_n: int = 5
    steady_max_n: int = 20_000
    warmup_keep_n: int = 10_000
    marks_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How hard to look: `quick`, `standard`, `tail` or `sustained`, with its rounds, bounds and passes.

    Rounds are added while an interval is too wide, up to `max_rounds`; 0 adds none. `careful`: whether a phone in
    bad conditions is refused, and what disturbs is changed on it; otherwise it is only looked at.
    """

    name: str
    rounds: int
    bounds: Bounds
    max_rounds: int = 0
    passes: tuple[str, ...] = ("latency", "resources", "parity")
    careful: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """How to run, as asked: what really ran stands in `Measurement.actual`.

    `cores` is the group asked for, `cpu_mask` the CPUs it means on this phone (None: not pinned);
    `load` is the way in which the model gets into memory, `engine` its own with a path (docs/runner-app.md).
    `delegate_sha256` is of the delegate's own library (None: it is in the engine's). `threads` is None only in runs
    that were imported from a tool that does not tell. `delegate_options` are `KEY:VALUE` for the delegate.
    """

    engine: str
    engine_version: str | None
    engine_sha256: str | None
    delegate: str
    threads: int | None
    cores: str
    cpu_mask: int | None
    delegate_sha256: str | None = None
    delegate_options: tuple[str, ...] = ()
    load: str = OWN_LOAD

    @property
    def is_app(self) -> bool:
        """Whether its engine is a stock tool in the form of an app, which Android ranks and nobody pins."""
        return (self.engine_version or "").startswith(APP_TOOL)

    @property
    def delegate_told(self) -> str:
        """The delegate with its options, which make another series of it."""
        return " ".join((self.delegate, *self.delegate_options))

    @property
    def load_told(self) -> str:
        """`load:WAY` where somebody chose a way, in names and columns of other words; else empty."""
        return "" if self.load == OWN_LOAD else f"load:{self.load}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One process on one phone. `round` counts from 1; `position` is its place in the phone's order.

    `input_files` names a file of this host for an input, `input_sha256` the hash of its content, by input.
    `reference`: of pass `parity`, the variant that runs here by built-in kernels, for answers in float32.
    """

    job_id: str
    device: str
    variant: str
    backend: Backend
    runner: str
    abi: str
    pass_name: str
    round: int
    position: int
    bounds: Bounds
    input_seed: int = 0
    input_shapes: dict[str, str] = field(default_factory=dict)
    input_files: dict[str, str] = field(default_factory=dict)
    input_sha256: dict[str, str] = field(default_factory=dict)
    signature: str | None = None
    reference: str | None = None

    @property
    def runs(self) -> str:
        """The variant whose file the process loads."""
        return self.reference or self.variant


def job_id_of(*, decides: dict[str, object]) -> str:
    """The id of a job: 16 hex digits of a hash over everything that decides its result."""
    text = json.dumps({key: to_json(value) for key, value in decides.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
