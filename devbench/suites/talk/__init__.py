"""The networks of the talk, one a file: adding one is adding a file with NAMES and make.

`NAMES` are what a recipe calls it, each beginning with the file's name; `CODE` are files beside its own that decide
it; `TRUNK` gives ImageNet weights of its trunk by name, where it has one. They are found by looking into this
folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

from devbench.variants.source import Network
from devbench.variants.weights import Pretrained


class TalkModule(Protocol):
    """What every file of this folder has; Keras and NumPy are imported inside functions only."""

    __file__: str
    NAMES: tuple[str, ...]
    CODE: tuple[Path, ...]
    TRUNK: Callable[[str], Pretrained] | None

    def make(self, name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
        """The trained network with its held-out set; `folder` keeps what was learnt."""


def load_module(stem: str) -> TalkModule:
    return cast(TalkModule, importlib.import_module(f"{__name__}.{stem}"))


def stems() -> tuple[str, ...]:
    """The files there are, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])))
