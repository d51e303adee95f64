"""An external power meter: what a plug-in is, and how `--meter` finds one. docs/energy.md has an example."""

from __future__ import annotations

import importlib
import importlib.util
import time
from pathlib import Path
from typing import Protocol, runtime_checkable

from devbench.errors import UsageError


@runtime_checkable
class Meter(Protocol):
    """An instrument on one phone's supply. Made once for a run, without arguments; used from one thread."""

    def begin(self) -> None:
        """A phone has begun to infer without pause."""

    def end(self) -> float:
        """It has ended: the energy in J that it took since `begin`."""


def load_meter(text: str) -> Meter:
    """The instrument that `MODULE:CLASS` or `FILE.py:CLASS` names; UsageError says why it cannot be used."""
    where, colon, name = text.rpartition(":")
    if not colon or not where or not name:
        raise UsageError(f"--meter {text}: expected MODULE:CLASS or FILE.py:CLASS")
    try:
        meter = getattr(_module(where), name)()
    except (ImportError, AttributeError, OSError, SyntaxError) as error:
        raise UsageError(f"--meter {text}: {type(error).__name__}: {error}") from error
    if not isinstance(meter, Meter):
        raise UsageError(f"--meter {text}: {name} has no begin() and end()", fix="docs/energy.md shows one")
    return meter


def _module(where: str) -> object:
    if not where.endswith(".py"):
        return importlib.import_module(where)
    spec = importlib.util.spec_from_file_location(Path(where).stem, where)
    if spec is None or spec.loader is None:
        raise ImportError(f"{where} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Metering:
    """One process's use of a meter: `said` is what is kept of it, in J and s of this host."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._began_s: float | None = None
        self.said: dict[str, object] | None = None

    def begin(self) -> None:
        """Once; a second call changes nothing. An instrument that fails costs its own number only."""
        if self._began_s is not None:
            return
        self._began_s = time.monotonic()
        try:
            self._meter.begin()
        except Exception as error:
            self.said = {"error": f"{type(error).__name__}: {error}"}

    def end(self) -> None:
        if self._began_s is None or self.said is not None:
            return
        try:
            joules = float(self._meter.end())
        except Exception as error:
            self.said = {"error": f"{type(error).__name__}: {error}"}
            return
        self.said = {"joules": joules, "seconds": time.monotonic() - self._began_s}
