"""What a way to run has in common with every other: prepare a phone once, then measure job after job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

from devbench.domain.device import DeviceInfo
from devbench.domain.job import Job
from devbench.domain.measurement import Measurement
from devbench.domain.variant import Variant
from devbench.runners.loads import FROM_FILE
from devbench.runners.means import Means

if TYPE_CHECKING:
    from threading import Event as Flag

    from devbench.adb import Phone
    from devbench.engines import EngineFile
    from devbench.runners.binaries import RunnerBinary
    from devbench.runners.meter import Meter


class JobInterrupted(Exception):
    """The user asked to stop while a job was running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long is too long, in seconds.

    `silence_s` without a line of a job is a hang; its first line may take `start_s`, because it may wait for
    its turn on the phone; a phone that is lost has `back_within_s` to come back, with a step of the ladder every
    `step_s`, and `boot_within_s` to complete its start once it answers. `look_s` is the window in which a phone's
    other work is counted before a session.
    """

    silence_s: float = 300.0
    start_s: float = 300.0
    back_within_s: float = 120.0
    boot_within_s: float = 300.0
    step_s: float = 10.0
    look_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How a runner tells the session what happens: bytes pushed, a phase's first latency, a lost phone back, and
    words for a person.
    """

    pushed: Callable[[str, int, float], None]
    sample: Callable[[Job, str, int], None]
    back: Callable[[str, float], None] = lambda _was, _seconds: None
    said: Callable[[str], None] = lambda _: None


class Identity(TypedDict):
    """What a Measurement shares with its job."""

    job_id: str
    attempt: int
    device: str
    variant: str
    runner: str
    pass_name: str
    round: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a job: where its output tensors and raw log go, and how often it was tried before."""

    job: Job
    variant: Variant
    number: int
    outputs: Path
    log: Callable[[str], None]

    def identity(self) -> Identity:
        """The fields of its Measurement that are known before it begins."""
        return identity(self.job, self.number)


def identity(job: Job, attempt: int) -> Identity:
    """What a Measurement of that attempt shares with its job."""
    return {
        "job_id": job.job_id,
        "attempt": attempt,
        "device": job.device,
        "variant": job.variant,
        "runner": job.runner,
        "pass_name": job.pass_name,
        "round": job.round,
        "position": job.position,
    }


@dataclass(slots=True, kw_only=True)
class Line:
    """What is remembered of the connection to a phone during a session: how often and how long it was away.

    `start` names the phone's start that its work belongs to (devices/boot.py), `restarted` says that it has started
    anew since. `steps` are those of the ladder that were taken, `addresses` all that it was reached at.
    """

    start: str | None = None
    restarted: bool = False
    lost: int = 0
    away_s: float = 0.0
    steps: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def clear(self) -> None:
        """Another session begins."""
        self.start, self.restarted, self.lost, self.away_s = None, False, 0, 0.0
        self.steps.clear()
        self.addresses.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A phone to work on. `stop` is set when the user wants to end; `others` are addresses of the run's others.

    `meter` is an instrument on the phone's supply.
    """

    phone: Phone
    info: DeviceInfo
    stop: Flag
    talk: Talk
    limits: Limits = field(default_factory=Limits)
    means: Means = field(default_factory=Means)
    line: Line = field(default_factory=Line)
    others: frozenset[str] = frozenset()
    meter: Meter | None = None

    @property
    def silence_s(self) -> float:
        return self.limits.silence_s

    @property
    def start_s(self) -> float:
        return self.limits.start_s

    @property
    def back_within_s(self) -> float:
        return self.limits.back_within_s


class Runner(Protocol):
    """One way to run models on a phone, for the jobs of that way only."""

    def prepare(self, variants: tuple[Variant, ...], jobs: tuple[Job, ...]) -> None:
        """Everything that `jobs` need travels now. DeviceError when this phone cannot be used."""

    def measure(self, attempt: Attempt) -> Measurement:
        """One process on the phone. A failure of the job is a Measurement; of the phone, a DeviceError."""

    def stop_job(self, attempt: Attempt) -> None:
        """End what an interrupted attempt left running, and remove its files."""

    def forget_state(self) -> None:
        """What was known of the phone is old: a pause or another runner's job lies in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What was resolved for a phone's jobs: our own runners by ABI, engines and tools by their SHA-256."""

    binaries: dict[str, RunnerBinary]
    engines: dict[str, EngineFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerKind:
    """A word of `--runner`: one sentence on it, and what makes the Runner of a phone.

    A module in devbench/runners with RUNNERS = (RunnerKind(…), …) is found by itself. `takes_path`: the word
    is `NAME=PATH`, and the file there (or `PATH/TARGET/NAME`) is the engine of its jobs. `accuracy`: whether
    it runs held-out sets, `parity` whether its answers come back, `energy` whether it tells the power while it
    infers, `screen` whether a job shows itself on the phone's screen, which it lights. `loads` are the ways in
    which it can bring a model into memory (runners/loads.py).
    """

    name: str
    sentence: str
    make: Callable[[Site, Materials], Runner]
    takes_path: bool = False
    accuracy: bool = False
    energy: bool = True
    parity: bool = True
    screen: Callable[[Job], bool] = lambda _job: False
    loads: tuple[str, ...] = FROM_FILE
