"""A phone that fails again and again is left out, says why, and is let back in by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from probe_texts import ANDROID_8

from devbench.devices import Selection
from devbench.devices.probe import read_info
from devbench.devices.quarantine import Setback, forget, load_records, set_back, without_quarantined
from devbench.errors import StoreError

PHONE = read_info(ANDROID_8, serial="SERIAL", shell_v2=True)


def setback(day: int) -> Setback:
    return Setback(
        at=f"2026-01-{day:02}T03:00:00+00:00", run_id=f"run-{day}", kind="offline", reason=f"gone on day {day}"
    )


def test_the_third_setback_in_a_row_puts_a_phone_into_quarantine(tmp_path: Path) -> None:
    folder = tmp_path / "quarantine"
    states = [set_back(folder, PHONE.device, setback(day)).quarantined for day in (1, 2, 3, 4)]
    assert states == [False, False, True, True]
    (record,) = load_records(folder)
    assert record.quarantined_at == setback(3).at
    left = without_quarantined(Selection(devices=(PHONE,), rejects=()), folder)
    assert left.devices == ()
    (reject,) = left.rejects
    assert (reject.serial, reject.state) == ("SERIAL", "quarantined")
    assert "4 sessions in a row" in reject.reason
    assert "gone on day 4" in reject.reason
    assert f"devbench devices --release {PHONE.device}" in reject.fix


def test_one_good_session_forgets_what_was_before(tmp_path: Path) -> None:
    for day in (1, 2):
        set_back(tmp_path, PHONE.device, setback(day))
    assert forget(tmp_path, PHONE.device)
    assert not forget(tmp_path, PHONE.device)
    assert not set_back(tmp_path, PHONE.device, setback(3)).quarantined
    everyone = Selection(devices=(PHONE,), rejects=())
    assert without_quarantined(everyone, tmp_path) == everyone


def test_nothing_is_remembered_of_phones_that_never_failed(tmp_path: Path) -> None:
    assert load_records(tmp_path / "none") == ()
    assert not forget(tmp_path / "none", PHONE.device)
    assert not (tmp_path / "none").exists()


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "pixel.json").write_text("{")
    with pytest.raises(StoreError, match=r"pixel\.json cannot be read"):
        load_records(tmp_path)
