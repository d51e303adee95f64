"""Every way to run, found by itself: adding one is adding one file to this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from devbench.runners.base import RunnerKind


@cache
def runner_kinds() -> dict[str, RunnerKind]:
    """The RUNNERS of every module here, by name."""
    package = importlib.import_module("devbench.runners")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"devbench.runners.{name}") for name in names]
    kinds = [kind for module in modules for kind in getattr(module, "RUNNERS", ())]
    return {kind.name: kind for kind in kinds}
