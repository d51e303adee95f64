"""The gate AND, the talk's first network: whether the two bits are both 1."""

from __future__ import annotations

from pathlib import Path

from devbench.suites.learning import fit, gates
from devbench.variants.source import Network

NAMES = ("and_gate",)
CODE = (Path(gates.__file__), Path(fit.__file__))
TRUNK = None
TRUTH = (0, 0, 0, 1)
HIDDEN = 0


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    return gates.make_gate(name, TRUTH, HIDDEN, seed=seed, folder=folder)
