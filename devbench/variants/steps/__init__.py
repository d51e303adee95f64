"""The steps, one a file: adding one is adding a file with CONSUMES, PRODUCES, PARAMETERS, tool and apply.

They are found by looking into this folder, so no list has to be kept.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from devbench.errors import SuiteError
from devbench.variants.artifact import Artifact, StepContext


class StepModule(Protocol):
    """What every file of this folder has; TensorFlow is imported inside `apply` and `tool` only."""

    __file__: str
    CONSUMES: tuple[str, ...]
    """Forms of `Artifact` that the step takes."""
    PRODUCES: str
    """The form it gives."""
    PARAMETERS: Mapping[str, str]
    """All parameters with their defaults."""

    def tool(self) -> str:
        """The tool with its version: `tensorflow 2.21.0`."""

    def apply(self, artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
        """The next artifact; ModelError says what the tool refused."""


@runtime_checkable
class ChecksParameters(Protocol):
    """A step that knows more of its parameters than their names may have this too."""

    def check(self, parameters: Mapping[str, str]) -> None:
        """SuiteError for values that cannot work: before TensorFlow is loaded."""


@runtime_checkable
class NamesCode(Protocol):
    """A step whose result depends on more of our files than its own has this too."""

    def code_files(self, parameters: Mapping[str, str]) -> tuple[Path, ...]:
        """Those files: when one changes, the variant is built again."""


def step_names() -> tuple[str, ...]:
    """Every step there is, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])))


def load_step(name: str) -> StepModule:
    """The step of that name; SuiteError offers the nearest one."""
    if name not in step_names():
        near = difflib.get_close_matches(name, step_names(), n=1, cutoff=0.5)
        raise SuiteError(
            f"there is no step {name!r}",
            fix=f"did you mean {near[0]!r}?" if near else f"the steps are {', '.join(step_names())}",
        )
    return cast(StepModule, importlib.import_module(f"{__name__}.{name}"))
