"""Which lines are wanted: by phone, variant, metric and phase, and how many nights of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from devbench.domain.history import LineKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Names or patterns with `*`; of an empty list all are wanted. `last` counts nights of each line."""

    devices: Sequence[str] = ()
    variants: Sequence[str] = ()
    metrics: Sequence[str] = ()
    phases: Sequence[str] = ()
    last: int | None = None

    def takes(self, key: LineKey) -> bool:
        asked = (
            (self.devices, key.device),
            (self.variants, key.variant),
            (self.metrics, key.metric),
            (self.phases, key.phase),
        )
        return all(not patterns or any(fnmatchcase(name, p) for p in patterns) for patterns, name in asked)
