"""What a run is asked to do, resolved from options to values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from devbench.domain.job import Profile
from devbench.domain.suite_table import SuiteTable
from devbench.domain.variant import Variant
from devbench.plan import Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Everything a user asked for, resolved to values; `options` are the same as text, for --resume.

    `engine_cache` is the folder that engine libraries are fetched into and taken from. `allow` are conditions by id
    that are no reason to refuse a phone, `tweaks` what may be changed on it (`devbench.conditions.TWEAKS`).
    """

    variants: tuple[Variant, ...]
    profile: Profile
    rounds: int
    seed: int
    choices: Choices
    engine_cache: Path
    suite: str | None = None
    baseline: str | None = None
    argv: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()
    tweaks: frozenset[str] = frozenset()
    tables: tuple[SuiteTable, ...] = ()
