"""Counts of sessions against targets, with exact binomial bounds; for the benchmarks that call verdicts."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass

from devbench.stats import proportion

_WITHIN = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """`count` of `n` sessions; `target` is (`<=` or `>=`, share), or None where the count is only told."""

    what: str
    count: int
    n: int
    target: tuple[str, float] | None = None

    @property
    def good(self) -> bool:
        """Whether the share itself meets the target; the bounds say how sure that is."""
        if self.target is None:
            return True
        sign, share = self.target
        return self.n > 0 and _WITHIN[sign](self.count / self.n, share)

    @property
    def line(self) -> str:
        share = proportion(self.count, self.n)
        value = "–" if share.value is None else f"{share.value:6.1%}"
        bounds = f"[{share.low:.1%}, {share.high:.1%}]"
        target = "" if self.target is None else f"  target {self.target[0]} {100 * self.target[1]:g}%"
        missed = "" if self.good else "  MISSED"
        return f"{self.what:<36} {self.count:>5} of {self.n:<5} {value} {bounds}{target}{missed}"


def show(counts: Iterable[Counted]) -> bool:
    """Prints a line each; whether all are within their targets."""
    good = True
    for counted in counts:
        print(counted.line, flush=True)
        good = good and counted.good
    return good
