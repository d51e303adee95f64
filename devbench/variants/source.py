"""Where networks come from: `SCHEME:NAME` leads to a file of `devbench/suites/sources/`, found by its name.

Looked up by name and not imported above, because a suite's networks live with the suites, a layer below.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from devbench.errors import SuiteError

_PACKAGE = "devbench.suites.sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretrained:
    """Trained weights that exist for a network: Keras' name for the file, and where it can be fetched."""

    file: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A Keras model in memory; `low` to `high` is the range its inputs are trained for."""

    model: Any
    low: float
    high: float
    tool: str


class SourceModule(Protocol):
    """What every file of `devbench/suites/sources/` has; Keras is imported inside `make` only."""

    def names(self) -> tuple[str, ...]:
        """Every network it can make."""

    def code_files(self, name: str) -> tuple[Path, ...]:
        """The files whose change makes another network of `name`."""

    def pretrained(self, name: str) -> Pretrained | None:
        """ImageNet weights for `name`, if any exist."""

    def make(self, name: str, *, seed: int, weights: Path | None) -> Network:
        """The network with weights from the file, or seeded ones."""


def load_source(source: str) -> tuple[SourceModule, str]:
    """The module and the name in it for `SCHEME:NAME`; SuiteError offers the nearest that exists."""
    scheme, colon, name = source.partition(":")
    if not colon or scheme not in schemes():
        raise SuiteError(
            f"{source!r} is not a recipe's source", fix=f"write {' or '.join(s + ':NAME' for s in schemes())}"
        )
    module = cast(SourceModule, importlib.import_module(f"{_PACKAGE}.{scheme}"))
    if name not in module.names():
        near = difflib.get_close_matches(name, module.names(), n=1, cutoff=0.5)
        fix = f"did you mean {scheme}:{near[0]}?" if near else f"there are: {', '.join(module.names())}"
        raise SuiteError(f"{scheme} has no network {name!r}", fix=fix)
    return module, name


def schemes() -> tuple[str, ...]:
    """The kinds of sources there are: `keras`, `network`."""
    folders = list(importlib.import_module(_PACKAGE).__path__)
    return tuple(sorted(module.name for module in pkgutil.iter_modules(folders)))
