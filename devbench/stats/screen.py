"""Screening of nights: is the newest one suspiciously high? A cheap first look; what it finds is measured again.

All values are logs (of a time, or of its ratio to a control), so that differences are ratios; docs/measuring.md has
the rules and what they are worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from devbench.errors import MissingExtra
from devbench.stats.interval import t_interval

LEAST_NIGHTS = 7
LEVEL_NIGHTS = 20
STEP_NIGHTS = 7
PRACTICAL = math.log(1.03)
SIGMA_FLOOR = 0.005
_MADS = 3.0
_MAD_TO_SIGMA = 1.4826
# two nights make a level: a single one is the other rule's business
_LEAST_LEVEL = 2
_PENALTY = 3.0
_STEP_MEMORY = 90
_ROUNDS, _NOISY_ROUNDS, _NOISY_SIGMA = 5, 10, 0.02
_LEAST_CONFIRMED = math.log(1.02)

Rule = Literal["level", "step", "pinned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """Why the newest night is to be measured again.

    `by` is how far it (of a step: its level) lies above what it is held against, `threshold` what is allowed,
    both as logs. `since` is the index of the first night of the new level.
    """

    rule: Rule
    by: float
    threshold: float
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelStep:
    """A level that begins at index `at` and lies `by` (log; above 0: higher) from the one before."""

    at: int
    by: float


def screen(
    logs: Sequence[float], *, pinned: float | None = None, with_steps: bool = True
) -> Suspicion | None:
    """What is suspicious about the last of `logs` (oldest first, one a night, no gaps); None if nothing is.

    Fewer than 7 nights before it can only be held against `pinned`, the log of a release. Without `with_steps` the
    step rule, which needs the extra `lab`, is left out.
    """
    if len(logs) <= LEAST_NIGHTS:
        return _against_pinned(logs, pinned)
    suspicion = _level(logs)
    if suspicion is None and with_steps:
        return _step(logs)
    return suspicion


def creep(logs: Sequence[float], pinned: float) -> Suspicion | None:
    """Whether the median of the last 7 nights lies more than 3 % above a release, as after many small steps."""
    if not logs:
        return None
    by = float(np.median(np.asarray(logs[-STEP_NIGHTS:]))) - pinned
    if by <= PRACTICAL:
        return None
    return Suspicion(rule="pinned", by=by, threshold=PRACTICAL, since=max(0, len(logs) - STEP_NIGHTS))


def steps(logs: Sequence[float]) -> tuple[LevelStep, ...]:
    """Every step between levels of at least two nights: PELT with the L2 cost; MissingExtra without `ruptures`."""
    if len(logs) < 2 * _LEAST_LEVEL:
        return ()
    try:
        from ruptures import KernelCPD
    except ImportError as error:
        raise MissingExtra(
            "steps between nights are found by ruptures, which is not installed",
            fix="pip install 'devbench[lab]'",
        ) from error
    values = np.asarray(logs, dtype=np.float64)
    penalty = _PENALTY * neighbour_sigma(logs) ** 2 * math.log(len(values))
    # a linear kernel is the L2 cost, and this search is written in C
    ends = KernelCPD(kernel="linear", min_size=_LEAST_LEVEL).fit(values.reshape(-1, 1)).predict(pen=penalty)
    ends = [int(end) for end in ends]
    starts = [0, *ends[:-1]]
    means = [float(values[start:end].mean()) for start, end in zip(starts, ends, strict=True)]
    return tuple(
        LevelStep(at=start, by=after - before)
        for start, (before, after) in zip(starts[1:], pairwise(means), strict=True)
    )


def level_above(before: Sequence[float], log: float) -> float | None:
    """How far `log` lies above the median of the last 20 nights `before`; None without any."""
    if not before:
        return None
    return log - float(np.median(np.asarray(before[-LEVEL_NIGHTS:])))


def rounds_to_confirm(logs: Sequence[float]) -> int:
    """Rounds of a confirmation after these nights: 5, or 10 where they differ by more than 2 %."""
    return _NOISY_ROUNDS if len(logs) > 2 and neighbour_sigma(logs) > _NOISY_SIGMA else _ROUNDS


def confirmed(differences: Sequence[float]) -> bool:
    """Whether log differences by round (now − then) tell a regression: interval above 0, and mean above 2 %."""
    if len(differences) < 2:
        return False
    centre = t_interval(differences)
    return centre.low is not None and centre.low > 0 and centre.value > _LEAST_CONFIRMED


def median_and_sigma(logs: Sequence[float]) -> tuple[float, float]:
    """Median, and 1.4826 MAD with its floor of 0.5 %."""
    values = np.asarray(logs, dtype=np.float64)
    middle = float(np.median(values))
    return middle, max(SIGMA_FLOOR, _MAD_TO_SIGMA * float(np.median(np.abs(values - middle))))


def neighbour_sigma(logs: Sequence[float]) -> float:
    """The spread of a night, from differences of neighbours: a step is in one of them only. Floor 0.5 %."""
    differences = np.abs(np.diff(np.asarray(logs, dtype=np.float64)))
    return max(SIGMA_FLOOR, _MAD_TO_SIGMA * float(np.median(differences)) / math.sqrt(2.0))


def _against_pinned(logs: Sequence[float], pinned: float | None) -> Suspicion | None:
    if not logs or pinned is None or logs[-1] - pinned <= PRACTICAL:
        return None
    return Suspicion(rule="pinned", by=logs[-1] - pinned, threshold=PRACTICAL, since=len(logs) - 1)


def _level(logs: Sequence[float]) -> Suspicion | None:
    """Tonight against the 20 nights before it."""
    before = logs[-1 - LEVEL_NIGHTS : -1]
    middle, sigma = median_and_sigma(before)
    threshold = max(PRACTICAL, _MADS * sigma)
    by = logs[-1] - middle
    if by <= threshold:
        return None
    return Suspicion(rule="level", by=by, threshold=threshold, since=_first_above(logs, middle + threshold))


def _first_above(logs: Sequence[float], limit: float) -> int:
    """The first night of the unbroken stretch above `limit` that the last night belongs to."""
    first = len(logs) - 1
    while first > 0 and logs[first - 1] > limit:
        first -= 1
    return first


def _step(logs: Sequence[float]) -> Suspicion | None:
    """The newest step up of more than 3 % within the last 7 nights; a quarter of a year knows the level before."""
    left_out = max(0, len(logs) - _STEP_MEMORY)
    for step in reversed(steps(logs[left_out:])):
        at = left_out + step.at
        if at < len(logs) - STEP_NIGHTS:
            return None
        if step.by > PRACTICAL:
            return Suspicion(rule="step", by=step.by, threshold=PRACTICAL, since=at)
    return None
