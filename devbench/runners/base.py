"""What a way to run has in common with every other: prepare a phone once, then measure job after job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from devbench.domain.device import DeviceInfo
from devbench.domain.job import Job
from devbench.domain.measurement import Measurement
from devbench.domain.variant import Variant

if TYPE_CHECKING:
    from threading import Event as Flag

    from devbench.adb import Phone

SILENCE_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How a runner tells the session what happens: bytes pushed, and a phase's first latency."""

    pushed: Callable[[str, int, float], None]
    sample: Callable[[Job, str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a job: where its output tensors and raw log go, and how often it was tried before."""

    job: Job
    variant: Variant
    number: int
    outputs: Path
    log: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A phone to work on. `stop` is set when the user wants to end; `silence_s` without a line is a hang."""

    phone: Phone
    info: DeviceInfo
    stop: Flag
    talk: Talk
    silence_s: float = SILENCE_S


class Runner(Protocol):
    """One way to run models on a phone (`native`; later the app and the stock tool)."""

    def prepare(self, variants: tuple[Variant, ...]) -> None:
        """Everything that travels, travels now. DeviceError when this phone cannot be used."""

    def measure(self, attempt: Attempt) -> Measurement:
        """One process on the phone. A failure of the job is a Measurement; of the phone, a DeviceError."""
