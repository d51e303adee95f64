"""The gate XOR, the talk's first network: whether the two bits differ."""

from __future__ import annotations

from pathlib import Path

from devbench.suites.learning import fit, gates
from devbench.variants.source import Network

NAMES = ("xor_gate",)
CODE = (Path(gates.__file__), Path(fit.__file__))
TRUNK = None
TRUTH = (0, 1, 1, 0)
# one layer cannot draw the line between the rows
HIDDEN = 8


def make(name: str, *, seed: int, weights: Path | None, folder: Path) -> Network:
    return gates.make_gate(name, TRUTH, HIDDEN, seed=seed, folder=folder)
