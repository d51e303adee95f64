"""What tonight's number of a line is held against, and what it may be measured against."""

from __future__ import annotations

import dataclasses
import math

import pytest
from made_lines import KEY, made_alert, made_confirmation, made_line, night_of

from devbench.domain.history import Line
from devbench.nightly import Alert, Files
from devbench.nightly.look import Look, look
from devbench.nightly.pins import Pin

QUIET = [0.2 * (-1) ** i for i in range(12)]


def looked(
    line: Line, *, alerts: tuple[Alert, ...] = (), pin: Pin | None = None, weekly: bool = False
) -> Look:
    """The look at the line's last point."""
    found = look(line, {line.points[-1].run_id}, alerts=alerts, pin=pin, weekly=weekly, with_steps=False)
    assert found is not None
    return found


def pinned(value_pct: float = 0.0, model: str = "released") -> Pin:
    return Pin(
        line=KEY.text, device=KEY.device, variant=KEY.variant, run_id="release", night="2025-12-01",
        value=1e7 * (1 + value_pct / 100), control_value=None, files=Files(model_sha256=model, engine_sha256="e1"),
    )  # fmt: skip


def test_a_slower_night_is_held_against_the_newest_other_files() -> None:
    found = looked(made_line([*QUIET, 5.0]))
    assert found.suspicion is not None
    assert found.good is not None
    assert (found.good.night, found.good.files.model_sha256) == (night_of(11), "m11")


def test_a_model_that_nobody_changed_is_held_against_what_was_before_it() -> None:
    """The file is that of three nights: what came before them is the other side."""
    models = [*(f"m{i}" for i in range(10)), "same", "same", "same"]
    found = looked(made_line([*QUIET, 5.0], models=models))
    assert found.good is not None
    assert found.good.files.model_sha256 == "m9"


def test_where_nothing_of_ours_changed_there_is_nothing_to_measure_against() -> None:
    found = looked(made_line([*QUIET, 5.0], models=["same"] * 13))
    assert found.suspicion is not None
    assert found.good is None


def test_a_quiet_night_a_gap_and_another_run_say_nothing() -> None:
    assert looked(made_line([*QUIET, 0.1])).suspicion is None
    gap = looked(made_line([*QUIET, None]))
    assert (gap.suspicion, gap.logs) == (None, ())
    line = made_line([*QUIET, 5.0])
    assert look(line, {"elsewhere"}, alerts=(), pin=None, weekly=False, with_steps=False) is None


def test_a_new_engine_does_not_pass_unseen() -> None:
    """Its segment is young, so the one before it is looked at; the good night is the last of the old engine."""
    line = made_line([*QUIET, 6.0], models=["same"] * 13, engines=["e1"] * 12 + ["e2"])
    found = looked(line)
    assert found.suspicion is not None
    assert found.good is not None
    assert found.good.files == Files(model_sha256="same", engine_sha256="e1")


def test_a_new_control_makes_ratios_incomparable() -> None:
    line = made_line([*QUIET, 6.0], engines=["e1"] * 12 + ["e2"])
    origin = dataclasses.replace(line.segments[1].origin, control_sha256="other")
    segments = (line.segments[0], dataclasses.replace(line.segments[1], origin=origin))
    assert looked(dataclasses.replace(line, segments=segments, basis="ratio")).suspicion is None


def test_an_old_segment_is_not_joined_with_the_one_before() -> None:
    """Ten nights of a new build that is slower are how things are."""
    line = made_line([*QUIET, *([8.0] * 10)], builds=["b1"] * 12 + ["b2"] * 10)
    assert looked(line).suspicion is None


def test_what_was_accepted_begins_anew() -> None:
    alert = made_alert(made_confirmation(device=KEY.device, night=12), state="accepted")
    line = made_line([*QUIET, 5.0, 5.0])
    assert looked(line).suspicion is not None
    assert looked(line, alerts=(alert,)).suspicion is None
    assert looked(line, alerts=(alert,)).nights == 2


@pytest.mark.parametrize("tonight", [5.0, 3.5, 6.9])
def test_an_open_alert_speaks_for_its_nights(tonight: float) -> None:
    alert = made_alert(made_confirmation(device=KEY.device, night=12, ratio=1.05))
    found = looked(made_line([*QUIET, 5.0, tonight]), alerts=(alert,))
    assert (found.suspicion, found.under, found.back) == (None, alert, False)


def test_slower_than_an_open_alert_says_is_suspicious_again() -> None:
    alert = made_alert(made_confirmation(device=KEY.device, night=12, ratio=1.05))
    found = looked(made_line([*QUIET, 5.0, 11.0]), alerts=(alert,))
    assert found.suspicion is not None
    assert found.suspicion.by == pytest.approx(math.log(1.11 / 1.05), abs=0.003)
    assert found.good is not None
    assert found.good.night == night_of(12)


def test_an_alert_is_back_with_other_files_only() -> None:
    """The same files as fast as before would be a lucky night."""
    alert = made_alert(made_confirmation(device=KEY.device, night=12, now="m12"))
    assert looked(made_line([*QUIET, 5.0, 0.0]), alerts=(alert,)).back
    same = made_line([*QUIET, 5.0, 0.0], models=[*(f"m{i}" for i in range(13)), "m12"])
    assert not looked(same, alerts=(alert,)).back


def test_a_young_line_is_held_against_its_release() -> None:
    young = made_line([0.0, 6.0])
    assert looked(young).suspicion is None
    found = looked(young, pin=pinned())
    assert found.suspicion is not None
    assert found.good is not None
    assert (found.suspicion.rule, found.good.files.model_sha256) == ("pinned", "released")


def test_creep_shows_once_a_week() -> None:
    creeping = made_line([0.1 * i for i in range(60)])
    assert looked(creeping, pin=pinned()).suspicion is None
    found = looked(creeping, pin=pinned(), weekly=True)
    assert found.suspicion is not None
    assert found.good is not None
    assert found.good.night == "2025-12-01"


def test_the_second_run_of_a_night_counts() -> None:
    line = made_line([*QUIET, 5.0, 0.0])
    points = (*line.points[:-1], dataclasses.replace(line.points[-1], night=line.points[-2].night))
    found = looked(dataclasses.replace(line, points=points))
    assert (found.nights, found.suspicion) == (13, None)
