"""What a night does with what it measured: screens, confirms on the same phones, groups, keeps, and how it ends."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from made_lab import PHONES, MadeLab

from devbench.errors import ModelError, NoUsableDevice, StoreError
from devbench.history import History
from devbench.nightly import Rules
from devbench.nightly.night import SCREENED
from devbench.nightly.pins import pins_of, save_pins
from devbench.nightly.words import sentences

DEVICES = tuple(sorted(p.device for p in PHONES))


@pytest.fixture
def made(tmp_path: Path) -> MadeLab:
    lab = MadeLab(folder=tmp_path)
    lab.lab.path.mkdir()
    return lab


def test_a_slower_model_is_confirmed_on_its_phones_and_grouped(made: MadeLab) -> None:
    """One session on both phones with the two files, interleaved; one alert; said once, open until accepted."""
    assert made.nights(8).exit_code == 0
    made.slower_pct["slow"] = 6.0
    night = made.nights(1, detector="slow")
    request, devices = made.asked[-1]
    assert tuple(sorted(devices or ())) == DEVICES
    assert [v.variant for v in request.variants] == ["detector", "detector@2026-01-08"]
    assert (request.rounds, request.profile.max_rounds, request.profile.passes) == (5, 0, ("latency",))
    assert [Path(v.path).read_text() for v in request.variants] == ["slow", "build 8"]
    (alert,) = night.opened
    assert (alert.night, alert.variants, alert.changed) == ("2026-01-09", ("detector",), "model")
    assert tuple(sorted(alert.devices)) == DEVICES
    assert alert.ratio == pytest.approx(1.06, abs=0.01)
    assert night.exit_code == 4
    # the next night is as slow: the alert speaks for it, nothing is measured again
    asked = len(made.asked)
    later = made.nights(1, detector="slow")
    assert (later.opened, later.confirmations, later.exit_code) == ((), (), 4)
    assert len(made.asked) == asked + 1


def test_after_acceptance_a_new_segment_starts(made: MadeLab) -> None:
    made.nights(8)
    made.slower_pct["slow"] = 6.0
    (alert,) = made.nights(1, detector="slow").opened
    made.lab.write_alert(dataclasses.replace(alert, state="accepted"))
    night = made.nights(1, detector="slow")
    assert (night.exit_code, night.confirmations, night.young) == (0, (), 2)


def test_a_mended_model_resolves_its_alert(made: MadeLab) -> None:
    made.nights(8)
    made.slower_pct["slow"] = 6.0
    (alert,) = made.nights(1, detector="slow").opened
    night = made.nights(1, detector="mended")
    assert [(a.alert, a.state) for a in night.resolved] == [(alert.alert, "resolved")]
    assert night.exit_code == 0
    # and the same mistake again is another alert
    assert len(made.nights(1, detector="slow").opened) == 1


def test_a_hot_phone_is_measured_again_and_let_go(made: MadeLab) -> None:
    made.nights(8)
    made.slower_pct[DEVICES[0], 9] = 9.0
    night = made.nights(1)
    assert [(c.device, c.outcome) for c in night.confirmations] == [(DEVICES[0], "not-confirmed")]
    assert made.asked[-1][1] == (DEVICES[0],)
    assert (night.opened, night.watched, night.exit_code) == ((), (), 0)


def test_where_no_file_changed_nothing_is_measured_again(made: MadeLab) -> None:
    made.nights(8, detector="always")
    made.slower_pct[DEVICES[0], 9] = 9.0
    night = made.nights(1, detector="always")
    assert [c.outcome for c in night.confirmations] == ["same-files"]
    assert "the phone itself" in (night.confirmations[0].reason or "")
    assert len(made.asked) == 9


def test_a_slower_engine_is_confirmed_against_the_last_one(made: MadeLab) -> None:
    """Model unchanged, engine changed: both libraries run tonight's model; all its variants are one cause."""
    made.nights(8, detector="always", classifier="ever")
    made.engine, made.slower_pct["engine 2"] = "engine 2", 7.0
    night = made.nights(1, detector="always", classifier="ever")
    request, _ = made.asked[-1]
    assert [Path(str(word).partition("=")[2]).read_text() for word in request.choices.engines[1:]] == [
        "engine 1"
    ]
    (alert,) = night.opened
    assert (alert.changed, set(alert.variants)) == ("engine", {"detector", "classifier"})
    assert alert.ratio == pytest.approx(1.07, abs=0.01)


def test_one_phone_alone_is_watched_until_another_night(
    made: MadeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("made_lab.PHONES", PHONES[:1])
    made.nights(8)
    made.slower_pct |= {"slow": 6.0, "slow still": 6.0}
    first = made.nights(1, detector="slow")
    assert ([a.state for a in first.watched], first.opened, first.exit_code) == (["watch"], (), 0)
    second = made.nights(1, detector="slow still")
    assert [a.alert for a in second.opened] == [a.alert for a in first.watched]
    assert second.exit_code == 4


def test_what_is_not_confirmed_says_why(made: MadeLab) -> None:
    """Too many suspects for one night, and a file that is gone; each is told, none is lost."""
    made.nights(8)
    made.slower_pct["slow"] = 6.0
    night = made.nights(1, rules=Rules(most_trials=0), detector="slow")
    assert {c.outcome for c in night.confirmations} == {"not-measured"}
    assert "key `confirmations`" in (night.confirmations[0].reason or "")
    made.lab.forget_all_but(())
    night = made.nights(1, detector="slow")
    assert {c.outcome for c in night.confirmations} == {"not-measured"}
    assert "was not kept" in (night.confirmations[0].reason or "")
    assert night.exit_code == 1


def test_an_interrupted_night_ends_at_once(made: MadeLab) -> None:
    made.nights(8)
    made.slower_pct["slow"], made.exit_code = 6.0, 130
    night = made.nights(1, runs=2, detector="slow")
    assert (night.exit_code, len(made.asked)) == (130, 9)
    assert {c.reason for c in night.confirmations} == {"the night was interrupted"}
    # nothing was lost: the next night finds it
    made.exit_code = 0
    assert len(made.nights(1, detector="slow").opened) == 1


def test_no_phone_is_exit_three_and_one_runs_trouble_is_its_own(made: MadeLab) -> None:
    made.errors = [NoUsableDevice("no usable phone")]
    night = made.nights(1)
    assert (night.exit_code, night.no_phone, night.run_ids) == (3, True, ())
    made.errors = [ModelError("detector is damaged")]
    night = made.nights(1, runs=2)
    assert (night.exit_code, len(night.run_ids), night.notes) == (1, 1, ("detector is damaged",))


def test_a_phone_that_is_not_there_is_missed_for_a_week(
    made: MadeLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.nights(2)
    monkeypatch.setattr("made_lab.PHONES", PHONES[:1])
    gone = PHONES[1].device
    night = made.nights(1)
    assert (night.absent, night.exit_code) == ((f"{gone} (last on 2026-01-02)",), 0)
    assert made.nights(6).absent == night.absent
    assert made.nights(1).absent == ()


def test_a_full_disk_ends_the_night(made: MadeLab) -> None:
    made.errors = [StoreError("results cannot be written")]
    with pytest.raises(StoreError):
        made.nights(1, runs=2)


def test_small_steps_show_against_a_release_once_a_week(made: MadeLab) -> None:
    """0.3 % a night: no night is suspicious; on Sunday the release is measured again, and tells."""
    made.nights(1)
    lines = History(made.folder / "index.sqlite").lines(SCREENED)
    (first,) = {point.run_id for line in lines for point in line.points}
    save_pins(made.lab, pins_of(lines, first, variants=(), name="v1"))
    nights = []
    for number in range(2, 19):
        made.slower_pct[f"build {number}"] = 0.3 * (number - 1)
        nights.append(made.nights(1))
    opened = [alert for night in nights for alert in night.opened]
    assert [alert.night for alert in opened] == ["2026-01-18"]  # a Sunday, 5.1 % above
    assert {c.rule for c in opened[0].confirmations} == {"pinned"}
    assert {c.good_night for c in opened[0].confirmations} == {"2026-01-01"}
    told = [s for night in nights for s in sentences(night) if "against release v1" in s]
    assert len(told) == 2 * 3  # two phones, three Sundays
    assert "by the median of 7 nights" in told[-1]


def test_files_of_old_nights_go_and_those_of_alerts_stay(made: MadeLab) -> None:
    made.nights(8)
    made.slower_pct["slow"] = 6.0
    made.nights(1, detector="slow")
    made.nights(5, rules=Rules(keep_nights=2), detector="mended")
    kept = {p.read_text() for p in (made.lab.path / "models").iterdir() if not p.suffix}
    assert kept == {"mended", "slow", "build 8"}
