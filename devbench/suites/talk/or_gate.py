"""The gate OR, the talk's first network: whether one of the two bits is 1."""

from __future__ import annotations

from pathlib import Path

from devbench.suites.learning import fit, gates
from devbench.variants.source import Network

NAMES = ("or_gate",)
CODE = (Path(gates.__file__), Path(fit.__file__))
TRUNK = None
TRUTH = (0, 1, 1, 1)
HIDDEN = 0


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    return gates.make_gate(name, TRUTH, HIDDEN, seed=seed, folder=folder)
