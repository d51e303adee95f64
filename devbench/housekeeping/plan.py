"""Which of the leftovers go: all that are old, then, while a budget is exceeded, the oldest of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devbench.housekeeping.host import ORDER, Leftover


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`over_bytes` is what is still above the budget afterwards: measurements, and what is kept or in use."""

    go: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    over_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(leftover.size_bytes for leftover in self.go)


def plan_host(
    found: Sequence[Leftover], *, now_s: float, older_than_s: float, total_bytes: int, max_bytes: int | None
) -> Plan:
    """`total_bytes` is what all folders hold now; without `max_bytes` only age counts."""
    free = [leftover for leftover in found if leftover.kept is None]
    go = [leftover for leftover in free if now_s - leftover.changed_s > older_than_s]
    over = 0
    if max_bytes is not None:
        over = total_bytes - sum(leftover.size_bytes for leftover in go) - max_bytes
        young = [leftover for leftover in free if leftover not in go]
        for leftover in sorted(young, key=lambda one: (ORDER.index(one.what), one.changed_s)):
            if over <= 0:
                break
            go.append(leftover)
            over -= leftover.size_bytes
    kept = tuple(leftover for leftover in found if leftover.kept is not None)
    return Plan(go=tuple(go), kept=kept, over_bytes=max(0, over))
