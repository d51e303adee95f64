"""What a session tells while it works; the console turns events into progress, tests into text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from devbench.domain.device import DeviceInfo
from devbench.domain.job import Job
from devbench.domain.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneStarted:
    device: DeviceInfo
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    device: str
    what: str
    size_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStarted:
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstNumber:
    """The first latency of a variant on a phone, shown at once."""

    job: Job
    phase: str
    ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnded:
    job: Job
    measurement: Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneEnded:
    device: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    device: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack:
    """A phone that was lost for so many seconds is usable again; `was` is the state it was found in."""

    device: str
    was: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsAdded:
    """Rounds that the plan did not have, because an interval is too wide or a round was throttled."""

    device: str
    jobs: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something about a phone that a person should read."""

    device: str
    text: str


Event: TypeAlias = (
    PhoneStarted
    | Pushed
    | JobStarted
    | FirstNumber
    | JobEnded
    | PhoneEnded
    | Waiting
    | CameBack
    | JobsAdded
    | Said
)
