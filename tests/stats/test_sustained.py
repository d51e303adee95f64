"""The last minute against the first: planted slowing is found, short runs say nothing, time that passed counts."""

import pytest

from devbench.stats.sustained import sustained_curve

MS = 10**6


def heating(minutes: float, *, first_ms: float = 20.0, last_ms: float = 25.0) -> list[int]:
    """Latencies that rise in a line over the given time."""
    samples, now, whole = [], 0.0, minutes * 60e9
    while now < whole:
        ns = (first_ms + (last_ms - first_ms) * now / whole) * MS
        samples.append(int(ns))
        now += ns
    return samples


def test_a_planted_slowing_is_the_ratio_of_the_last_to_the_first_minute() -> None:
    curve = sustained_curve(heating(10))
    assert curve is not None
    assert curve.first_ns == pytest.approx(20.25 * MS, rel=0.002)
    assert curve.last_ns == pytest.approx(24.75 * MS, rel=0.002)
    assert curve.ratio == pytest.approx(24.75 / 20.25, rel=0.003)
    medians = [block.median_ns for block in curve.blocks]
    assert len(medians) == 120 and medians == sorted(medians)


def test_below_two_minutes_first_and_last_would_overlap_and_nothing_is_said() -> None:
    assert sustained_curve(heating(1.9)) is None
    assert sustained_curve([]) is None
    assert sustained_curve([5 * 10**9]) is None
    assert sustained_curve(heating(2.1)) is not None


def test_time_between_inferences_counts_as_time_that_passed() -> None:
    samples = heating(1.5)
    curve = sustained_curve(samples, wall_ns=180 * 10**9)
    assert curve is not None and curve.lasted_ns == 180 * 10**9


def test_a_block_keeps_its_spike_and_a_slow_model_leaves_no_empty_blocks() -> None:
    samples = [*heating(3)]
    samples[4000] = 10**9
    curve = sustained_curve(samples)
    assert curve is not None and max(block.high_ns for block in curve.blocks) == 10**9
    slow = sustained_curve([3 * 10**9] * 50)
    assert slow is not None and len(slow.blocks) <= 50
