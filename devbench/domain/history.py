"""What nights leave behind: one number's points in order of time, and the segments in which they compare."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from urllib.parse import quote

from devbench.domain.job import OWN_LOAD


@dataclass(frozen=True, slots=True, kw_only=True)
class LineKey:
    """What stays the same along a line; a build, runner, engine or control that changes starts a segment of it.

    `device` to `inputs`, `allowed`, `metric` and `phase` are as in a series key (docs/results-format.md). `apart`
    tells rows of one run from each other that are otherwise alike, as two versions of an engine; empty for others.
    """

    device: str
    runner: str
    engine: str
    delegate: str
    threads: int | None
    cores: str
    abi: str
    profile: str
    clock_state: str
    variant: str
    inputs: str = ""
    load: str = OWN_LOAD
    allowed: tuple[str, ...] = field(default_factory=tuple)
    apart: str = ""
    metric: str = ""
    phase: str = ""

    @property
    def text(self) -> str:
        """The same key as one line."""
        return key_text(self)


def key_text(key: object) -> str:
    """A key as one line: `name=value` with `;` between, values percent-encoded, in the order of its fields."""
    parts = []
    for each in dataclasses.fields(key):  # type: ignore[arg-type]
        value = getattr(key, each.name)
        if (each.name, value) == ("load", OWN_LOAD):
            continue  # lines that began before there was a choice go on
        words = ",".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        parts.append(f"{each.name}={quote(words, safe=' ,.:/+@-_')}")
    return ";".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run's value of a line in the metric's unit, with its 95 % interval; None with a `reason`: a gap.

    `night` is the date on which the run began, where it was measured; `started_at` is UTC. `control_value` is the
    same number of the pinned model on that phone that night. `status` is the row's (`ok`, `failed`, `skipped`),
    `folder` where the run lies on this computer.
    """

    run_id: str
    night: str
    started_at: str
    value: float | None
    status: str
    low: float | None = None
    high: float | None = None
    n: int = 0
    rounds: int = 0
    control_value: float | None = None
    reason: str | None = None
    verdict: str = ""
    taints: tuple[str, ...] = ()
    variant_sha256: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a run's number was made with, beside the variant; what is not known is an empty text."""

    fingerprint: str
    runner_sha256: str
    engine_sha256: str
    engine_version: str
    control_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a line, `points[first:end]`, in which build, runner, engine and control stay the same.

    `reason` says what changed where it begins; empty for the first one.
    """

    first: int
    end: int
    origin: Origin
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One number over nights: `points` by time, every one in just one of `segments`.

    `basis` says what `logs` are of: `ratio` (to the control, where that is quieter than the phone) or `value`.
    `logs` has log ratio or log value of each point, None for a gap. `control`: it is the pinned model's own line.
    """

    key: LineKey
    unit: str
    control: bool
    points: tuple[Point, ...]
    segments: tuple[Segment, ...]
    basis: str
    logs: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something about a night of a line (named by its key's text) that its trend shows: `step`, `alert`, `pin` …"""

    line: str
    night: str
    kind: str
    sentence: str
