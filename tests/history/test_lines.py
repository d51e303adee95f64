"""Lines: which nights compare, what a night is set against, and what the newest one says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_trends import line_of, origin

from devbench.history import Wanted, marked_steps, trend_of
from devbench.history.lines import cut_before, first_of_last, logs_of, segments_of

ONE = segments_of([origin()] * 40)


def test_a_segment_begins_where_something_changes_and_what_is_unknown_changes_nothing() -> None:
    """Back to what was before is a change too; a night that could not tell its build is as the one before it."""
    origins = [origin(), origin(fingerprint=""), origin(), origin(runner_sha256="b" * 64), origin()]
    found = segments_of(origins)
    assert [(s.first, s.end) for s in found] == [(0, 3), (3, 4), (4, 5)]
    assert found[1].reason == "new runner (bbbbbbbbbbbb)"
    hidden = segments_of([origin(), origin(fingerprint=""), origin(fingerprint="a/b/c:9/X/2:user/keys")])
    assert [(s.first, s.reason) for s in hidden] == [(0, ""), (2, "new build of the phone (9/X/2)")]
    both = segments_of([origin(), origin(engine_sha256="e" * 64, control_sha256="f" * 64)])
    assert both[1].reason == "new engine (eeeeeeeeeeee); new control model"
    assert segments_of([]) == ()


@pytest.mark.parametrize(("phone", "control", "basis"), [(0.02, 0.002, "ratio"), (0.002, 0.02, "value")])
def test_a_night_is_set_against_the_control_where_that_is_quieter(
    phone: float, control: float, basis: str
) -> None:
    """The phone's own mood is in both; the control's noise is in the ratio only."""
    rng = np.random.default_rng(1)
    mood = rng.normal(0, phone, 40)
    values = (20e6 * np.exp(mood + rng.normal(0, 0.001, 40))).tolist()
    controls = (1e6 * np.exp(mood + rng.normal(0, control, 40))).tolist()
    found, logs = logs_of(values, controls, ONE)
    assert found == basis
    expected = math.log(values[3] / controls[3]) if basis == "ratio" else math.log(values[3])
    assert logs[3] == pytest.approx(expected)
    few = segments_of([origin()] * 6)
    assert logs_of(values[:6], controls[:6], few)[0] == "value", "six nights do not tell a spread"
    assert logs_of(values, [None, *controls[1:]], ONE)[0] == "value", "no night is lost for want of a control"


def test_a_step_does_not_pass_for_noise() -> None:
    """A variant that got slower is not thereby noisier than its control: nights are held against neighbours."""
    rng = np.random.default_rng(2)
    mood = rng.normal(0, 0.01, 40)
    step = np.where(np.arange(40) < 20, 0.0, 0.5)
    values = (20e6 * np.exp(mood + step)).tolist()
    controls = (1e6 * np.exp(mood + rng.normal(0, 0.001, 40))).tolist()
    assert logs_of(values, controls, ONE)[0] == "ratio"


def test_zero_and_gaps_have_no_log() -> None:
    assert logs_of([1.0, None, 0.0], [None] * 3, segments_of([origin()] * 3)) == ("value", (0.0, None, None))


def test_the_last_nights_keep_their_segments() -> None:
    """Nights are counted, not runs: two runs of one night are both there."""
    nights = ["2026-01-01", "2026-01-02", "2026-01-02", "2026-01-03"]
    assert [first_of_last(nights, count) for count in (None, 1, 2, 9)] == [0, 3, 1, 0]
    origins = [origin(), origin(), origin(fingerprint="a/b/c:9/X/2:user/keys"), origin()]
    assert [(s.first, s.end) for s in cut_before(segments_of(origins), 1)] == [(0, 1), (1, 2), (2, 3)]


def test_the_newest_night_is_held_against_the_nights_before_it_in_its_segment() -> None:
    """Against their median, 20 at most; never across a new build, and not at all without a night before."""
    trend = trend_of(line_of([30.0, 30.0, *[10.0] * 20, 10.5]))
    assert trend.change == pytest.approx(0.05) and trend.before == 20
    new = line_of([10.0, 10.0, 13.0], origins=[origin(), origin(), origin(runner_sha256="b" * 64)])
    assert (trend_of(new).change, trend_of(new).before) == (None, 0)
    gap = trend_of(line_of([10.0, 10.0, 11.0, None]))
    assert (
        gap.change == pytest.approx(0.1) and gap.newest_gap is not None and (gap.nights, gap.gaps) == (3, 1)
    )
    nothing = trend_of(line_of([None, None]))
    assert (nothing.last, nothing.change, nothing.gaps) == (None, None, 2)


def test_steps_are_marked_inside_segments_only() -> None:
    """A planted 10 % is found at its night; the same jump at a new build is no step."""
    pytest.importorskip("ruptures")
    rng = np.random.default_rng(3)
    noise = np.exp(rng.normal(0, 0.005, 40))
    values = (noise * np.where(np.arange(40) < 25, 10.0, 11.0)).tolist()
    (mark,) = marked_steps([line_of(values)])
    assert (mark.kind, mark.night) == ("step", "2026-01-26") and mark.sentence.startswith(("+9", "+10"))
    origins = [
        origin(fingerprint="a/b/c:8/X/1:user/keys" if i < 25 else "a/b/c:9/X/2:user/keys") for i in range(40)
    ]
    assert marked_steps([line_of(values, origins=origins)]) == ()


def test_wanted_takes_names_and_patterns() -> None:
    key = line_of([1.0]).key
    assert Wanted().takes(key)
    assert Wanted(variants=["other", "fp*"], metrics=["latency"]).takes(key)
    assert not Wanted(variants=["fp"]).takes(key) and not Wanted(devices=["*"], phases=["load"]).takes(key)
