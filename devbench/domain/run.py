"""A run: the header written before anything is measured, and header plus measurements as read back."""

from __future__ import annotations

from dataclasses import dataclass, field

from devbench.domain.device import DeviceInfo, Reject
from devbench.domain.job import Job, Profile
from devbench.domain.measurement import Measurement
from devbench.domain.phone_session import PhoneSession
from devbench.domain.suite_table import SuiteTable
from devbench.domain.variant import Variant

RUN_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that ran on phones: runner or engine, by target, with the hash of the very file."""

    role: str
    name: str
    version: str | None
    target: str
    sha256: str
    size_bytes: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """Everything asked for; `run.json`. `argv` repeats the run, `jobs` is the whole plan in order.

    `allow` are the conditions that a phone may be in all the same, `tweaks` what may be changed on it;
    `tables` are those that the suite asks the report for.
    """

    run_id: str
    created_at: str
    devbench_version: str
    argv: tuple[str, ...]
    profile: Profile
    rounds: int
    seed: int
    suite: str | None
    baseline: str | None
    variants: tuple[Variant, ...]
    devices: tuple[DeviceInfo, ...]
    rejects: tuple[Reject, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    jobs: tuple[Job, ...] = ()
    notes: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    tweaks: tuple[str, ...] = ()
    tables: tuple[SuiteTable, ...] = ()
    schema: int = RUN_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run folder in memory: its header, every attempt in the order it was written, and the phones' parts."""

    header: RunHeader
    measurements: tuple[Measurement, ...]
    folder: str
    warnings: tuple[str, ...] = ()
    sessions: tuple[PhoneSession, ...] = ()

    def ok_by_job(self) -> dict[str, Measurement]:
        """The one `ok` attempt of each job that has one."""
        return {m.job_id: m for m in self.measurements if m.status == "ok"}
