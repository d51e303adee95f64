"""What screening nights costs and what it is worth: false alarms and power, alone and with confirmation.

    python benchmarks/screening.py [SERIES]     200 series of each kind by default

Simulated: a phone whose processes differ by a standard deviation of 1–2 % (another one each series); nights that
differ by 1–2 % more, since each begins on a phone booted, placed and charged otherwise; one night in 50 is hot, by
4–10 %. A night is 8 rounds, its value the mean log; a confirmation is 5 rounds (10 where nights differ by more
than 2 %) of both, interleaved in one night, so that what the night did is in both. The rules are the real ones.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from counted import Counted, show

from devbench.stats import confirmed, rounds_to_confirm, screen
from devbench.stats.screen import LEAST_NIGHTS

BETWEEN_SD = (0.01, 0.02)
NIGHT_SD = (0.01, 0.02)
HOT_SHARE, HOT = 0.02, (0.04, 0.10)
ROUNDS = 8
EFFECT = 0.05
NIGHTS = 60
WITHIN_NIGHTS = 7
NAIVE = math.log(1.05)
COST_SERIES, COST_NIGHTS, COST_S = 1000, 365, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One series: log values by night, and the spread of its processes."""

    logs: tuple[float, ...]
    between_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarms:
    """Of many series: nights looked at, those that raised an alarm by each rule; with an effect, series found."""

    nights: int
    naive: int
    screened: int
    confirmed: int
    series: int
    found_naive: int
    found_screened: int
    found_confirmed: int


def phones(rng: np.random.Generator, count: int, *, effect: float = 0.0, at: int = NIGHTS) -> Iterator[Phone]:
    """`effect` slows the model from night `at` (index) on."""
    for _ in range(count):
        between, apart = rng.uniform(*BETWEEN_SD), rng.uniform(*NIGHT_SD)
        logs = rng.normal(0.0, math.hypot(apart, between / math.sqrt(ROUNDS)), NIGHTS)
        hot = rng.random(NIGHTS) < HOT_SHARE
        logs[hot] += np.log1p(rng.uniform(*HOT, hot.sum()))
        logs[at:] += math.log1p(effect)
        yield Phone(logs=tuple(float(log) for log in logs), between_sd=between)


def confirms(rng: np.random.Generator, phone: Phone, logs: Sequence[float], effect: float) -> bool:
    """One confirmation on this phone: true with the chance that the real rule has at this effect."""
    rounds = rounds_to_confirm(logs)
    differences = math.log1p(effect) + rng.normal(0.0, phone.between_sd * math.sqrt(2.0), rounds)
    return confirmed([float(d) for d in differences])


def simulate(series: int, *, effect: float = 0.0, seed: int = 1) -> Alarms:
    """Each night of each series looked at as it comes; with an effect only the 7 nights from where it begins."""
    rng = np.random.default_rng(seed)
    begin, end = (NIGHTS - WITHIN_NIGHTS, NIGHTS) if effect else (LEAST_NIGHTS, NIGHTS)
    counts = np.zeros(3, dtype=int)
    found = np.zeros(3, dtype=int)
    for phone in phones(rng, series, effect=effect, at=begin if effect else NIGHTS):
        alarms = np.zeros((3, end - begin), dtype=bool)
        for i, night in enumerate(range(begin, end)):
            logs = phone.logs[: night + 1]
            suspicious = screen(logs) is not None
            sure = suspicious and confirms(rng, phone, logs, effect)
            alarms[:, i] = (logs[-1] - logs[-2] > NAIVE, suspicious, sure)
        counts += alarms.sum(axis=1)
        found += alarms.any(axis=1)
    return Alarms(
        nights=series * (end - begin), naive=int(counts[0]), screened=int(counts[1]), confirmed=int(counts[2]),
        series=series, found_naive=int(found[0]), found_screened=int(found[1]), found_confirmed=int(found[2]),
    )  # fmt: skip


def counts_of(quiet: Alarms, slower: Alarms) -> Iterable[Counted]:
    """False alarms a series-night without an effect, and series in which +5 % was found within 7 nights."""
    for what, count, target in (
        ("false alarms: +5 % on last night", quiet.naive, None),
        ("false alarms: screen alone", quiet.screened, None),
        ("false alarms: screen, confirmed", quiet.confirmed, ("<=", 0.002)),
    ):
        yield Counted(what=what, count=count, n=quiet.nights, target=target)
    for what, count, target in (
        ("found in 7 nights: +5 % on last night", slower.found_naive, None),
        ("found in 7 nights: screen alone", slower.found_screened, None),
        ("found in 7 nights: screen, confirmed", slower.found_confirmed, (">=", 0.9)),
    ):
        yield Counted(what=what, count=count, n=slower.series, target=target)


def cost_s(series: int = COST_SERIES, nights: int = COST_NIGHTS) -> float:
    """Seconds to screen so many series of so many nights, both rules on each."""
    rng = np.random.default_rng(1)
    values = [[float(log) for log in row] for row in rng.normal(0.0, 0.02, (series, nights))]
    screen(values[0])  # whatever is imported
    begun = time.perf_counter()
    for logs in values:
        screen(logs)
    return time.perf_counter() - begun


def main(words: Sequence[str]) -> int:
    series = int(words[0]) if words else 200
    seconds = cost_s()
    good = seconds < COST_S
    told = f"{seconds:.2f} s  target < {COST_S:.0f} s" + ("" if good else "  MISSED")
    print(f"screening {COST_SERIES} series × {COST_NIGHTS} nights: {told}")
    print(f"-- {series} series, {NIGHTS} nights; +{EFFECT:.0%} begins {WITHIN_NIGHTS} nights before the end")
    return 0 if show(counts_of(simulate(series), simulate(series, effect=EFFECT))) and good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
