"""A suite: which models are measured and how, before any file of it exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from devbench.domain.suite_table import SuiteTable


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One step of a recipe by name, with the parameters that differ from the step's defaults."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRecipe:
    """One file to be made of a network: `name` (`int8`) ends the variant's id, `steps` are the way to it.

    `mistake` names what is done wrong to its inputs on purpose (docs/suites.md).
    """

    name: str
    steps: tuple[StepCall, ...]
    mistake: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A network and the variants to be made of it; ids are `<model>-<name>` with hyphens for underscores.

    `source` is `keras:NAME`, `network:NAME`, `talk:NAME` or `file:PATH`, `weights` what is asked for (`imagenet` or
    `seeded`), `batch` the fixed batch size or None for an open one, `samples` how many inputs calibrate full int8;
    where they are seeded, they lie between `low` and `high` (None: the network's own range).
    """

    model: str
    source: str
    variants: tuple[VariantRecipe, ...]
    weights: str = "seeded"
    seed: int = 0
    batch: int | None = 1
    samples: int = 16
    low: float | None = None
    high: float | None = None

    def variant_id(self, variant: VariantRecipe) -> str:
        return f"{self.model}-{variant.name}".replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """Model files that exist: paths or shell patterns, relative to `folder` unless absolute.

    With `model` None each file is a model of its own.
    """

    folder: str
    patterns: tuple[str, ...]
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageModels:
    """Models that come with devbench, by variant id or shell pattern of ids."""

    patterns: tuple[str, ...]


SuiteModel: TypeAlias = Recipe | ModelFiles | PackageModels


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What a suite file says; None and () where it leaves the choice to the command line and its defaults.

    `origin` is the file it was read from, `baseline` the id of the variant that others are compared with, `notes`
    are sentences about what was left out,
    `tables` what the report shows beside its own table.
    """

    name: str
    description: str
    origin: str
    models: tuple[SuiteModel, ...]
    profile: str | None = None
    rounds: int | None = None
    baseline: str | None = None
    threads: tuple[int, ...] = ()
    cores: tuple[str, ...] = ()
    delegates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    tables: tuple[SuiteTable, ...] = ()
