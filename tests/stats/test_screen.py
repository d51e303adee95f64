"""The screen of nights: what it holds tonight against, what it lets pass, and what the whole rule is worth."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from devbench.stats import confirmed, creep, rounds_to_confirm, screen, steps

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from screening import EFFECT, counts_of, simulate

LOW, HIGH = math.log(0.998), math.log(1.002)


def nights(count: int, *rest_pct: float) -> list[float]:
    """So many quiet nights, and then some that are slower by so many percent."""
    return [(LOW, HIGH)[i % 2] for i in range(count)] + [math.log1p(pct / 100) for pct in rest_pct]


def test_a_night_is_suspicious_above_three_percent_only() -> None:
    assert screen(nights(20, 2.9)) is None
    found = screen(nights(20, 3.5))
    assert found is not None
    assert (found.rule, found.since) == ("level", 20)
    assert found.by == pytest.approx(math.log(1.035), abs=0.003)
    assert found.threshold == pytest.approx(math.log(1.03))


def test_a_noisy_phone_has_a_wider_threshold() -> None:
    """3 × 1.4826 MAD: nights that differ by ± 4 % say nothing about one that is 10 % up."""
    noisy = [math.log1p(0.04 * (-1) ** i) for i in range(20)]
    assert screen([*noisy, math.log(1.10)], with_steps=False) is None
    assert screen([*noisy, math.log(1.30)], with_steps=False) is not None


def test_a_faster_night_is_no_regression() -> None:
    assert screen(nights(20, -20.0)) is None


def test_what_was_slow_long_ago_does_not_count() -> None:
    """Only the 20 nights before are the level: an old, slower time would hide a regression."""
    long_ago = [math.log(1.5)] * 40
    found = screen([*long_ago, *nights(20, 5.0)], with_steps=False)
    assert found is not None
    assert found.rule == "level"


def test_the_new_level_begins_with_its_first_night() -> None:
    found = screen(nights(20, 5.0, 5.0, 5.0))
    assert found is not None
    assert found.since == 20


@pytest.mark.parametrize("before", [1, 4, 7])
def test_a_young_series_is_held_against_a_pinned_release_only(before: int) -> None:
    young = nights(before, 10.0)[-7:]
    assert screen(young) is None
    assert screen(young, pinned=math.log(1.08)) is None
    found = screen(young, pinned=0.0)
    assert found is not None
    assert found.rule == "pinned"


def test_small_steps_show_against_the_release() -> None:
    """Each step is below what a night shows, all together are not."""
    creeping = [math.log1p(0.001 * i) for i in range(60)]
    assert screen(creeping) is None
    found = creep(creeping, pinned=0.0)
    assert found is not None
    assert found.by == pytest.approx(math.log1p(0.056), abs=0.001)
    assert creep(creeping[:20], pinned=0.0) is None
    assert creep([], pinned=0.0) is None


def test_steps_are_found_where_they_were_put() -> None:
    pytest.importorskip("ruptures")
    rng = np.random.default_rng(3)
    logs = rng.normal(0.0, 0.01, 90)
    logs[30:] += 0.05
    logs[60:] -= 0.03
    found = steps([float(log) for log in logs])
    assert [step.at for step in found] == [30, 60]
    assert [step.by for step in found] == pytest.approx([0.05, -0.03], abs=0.006)
    assert steps(nights(40)) == ()
    assert steps([0.0, 1.0]) == ()


def test_a_step_that_a_single_night_hides_is_found_by_its_level() -> None:
    """Where nights differ by 2 %, one night at + 4 % is nothing, and some of them are."""
    pytest.importorskip("ruptures")
    noisy = [(0.02, 0.02, -0.02, -0.02)[i % 4] for i in range(32)]
    risen = [0.05, 0.03, 0.05, 0.03, 0.05]
    assert screen([*noisy, *risen], with_steps=False) is None
    found = screen([*noisy, *risen])
    assert found is not None
    assert (found.rule, found.since) == ("step", 32)
    # a week later it is how things are
    assert screen([*noisy, *risen, *([0.03, 0.05] * 4)]) is None


def test_a_confirmation_needs_an_interval_above_zero_and_two_percent() -> None:
    assert confirmed([0.05, 0.06, 0.04, 0.05, 0.05])
    assert not confirmed([0.012, 0.011, 0.013, 0.012, 0.012])  # sure, but small
    assert not confirmed([0.2, -0.1, 0.15, -0.05, 0.1])  # large, but unsure
    assert not confirmed([0.05])
    assert not confirmed([])


def test_a_noisy_phone_is_confirmed_with_ten_rounds() -> None:
    rng = np.random.default_rng(5)
    assert rounds_to_confirm(nights(20)) == 5
    assert rounds_to_confirm([float(v) for v in rng.normal(0.0, 0.04, 20)]) == 10
    assert rounds_to_confirm([0.0]) == 5


def test_screen_and_confirmation_find_a_regression_and_raise_no_false_alarm() -> None:
    """≤ 0.2 false alarms in 100 series-nights, ≥ 90 % of +5 % found in a week; far better than the naive rule."""
    quiet, slower = simulate(40), simulate(40, effect=EFFECT)
    assert [counted.line for counted in counts_of(quiet, slower) if not counted.good] == []
    assert quiet.naive > 0.01 * quiet.nights
    assert quiet.confirmed < quiet.naive / 10
