"""The lab's folder: alerts survive a cut line, files are kept by content, pins are replaced line by line."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from made_lines import KEY, made_alert, made_line
from made_runs import variant

from devbench.errors import StoreError
from devbench.hashing import sha256_of
from devbench.nightly import LabFolder
from devbench.nightly.pins import load_pins, pins_of, replaced, save_pins


def test_the_last_line_of_an_alert_counts(tmp_path: Path) -> None:
    lab = LabFolder(tmp_path)
    assert lab.alerts() == ()
    first, other = made_alert(name="a"), made_alert(name="b")
    lab.write_alert(first)
    lab.write_alert(other)
    accepted = dataclasses.replace(first, state="accepted", reason="meant")
    lab.write_alert(accepted)
    assert LabFolder(tmp_path).alerts() == (accepted, other)


def test_a_power_cut_in_mid_line_loses_that_line_only(tmp_path: Path) -> None:
    lab = LabFolder(tmp_path)
    lab.write_alert(made_alert(name="a"))
    with open(tmp_path / "alerts.jsonl", "ab") as file:
        file.write(b'{"alert":"b","sta')
    assert [alert.alert for alert in lab.alerts()] == ["a"]
    lab.write_alert(made_alert(name="c"))
    assert [alert.alert for alert in lab.alerts()] == ["a", "c"]


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "alerts.jsonl").write_text('{"alert":"a","schema":99}\n')
    with pytest.raises(StoreError, match=r"alerts\.jsonl line 1 was written by a newer devbench"):
        LabFolder(tmp_path).alerts()
    (tmp_path / "pins.json").write_text('{"pins":[],"schema":99}')
    with pytest.raises(StoreError, match="newer devbench"):
        load_pins(LabFolder(tmp_path))


def test_a_model_is_kept_when_its_file_is_overwritten(tmp_path: Path) -> None:
    lab, file = LabFolder(tmp_path / "lab"), tmp_path / "m.tflite"
    file.write_text("yesterday")
    made = dataclasses.replace(variant("m"), path=str(file), sha256=sha256_of(file))
    lab.keep_model(made)
    file.write_text("today")
    kept = lab.model(made.sha256)
    assert kept is not None
    assert Path(kept.path).read_text() == "yesterday"
    assert dataclasses.replace(kept, path=made.path) == made
    assert lab.model("0" * 64) is None


def test_a_file_that_is_not_what_was_read_is_not_kept(tmp_path: Path) -> None:
    """Kept under a wrong hash it would be measured as something that it is not."""
    lab, file = LabFolder(tmp_path / "lab"), tmp_path / "m.tflite"
    file.write_text("while it is built")
    made = dataclasses.replace(variant("m"), path=str(file), sha256="ab" * 32)
    with pytest.raises(StoreError, match="changed while it was read"):
        lab.keep_model(made)
    assert lab.model(made.sha256) is None
    assert list((tmp_path / "lab" / "models").iterdir()) == []


def test_a_disk_that_refuses_is_said_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "lab").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="key `lab`"):
        LabFolder(tmp_path / "lab").write_alert(made_alert())


def test_a_pin_is_a_line_of_one_run(tmp_path: Path) -> None:
    lab = LabFolder(tmp_path)
    line = made_line([0.0, 2.0, None])
    old = pins_of([line], "run-0", variants=(), name="v1")
    (pin,) = pins_of([line], "run-1", variants=("detector",), name="v2")
    assert (pin.value, pin.night, pin.files.model_sha256) == (pytest.approx(1.02e7), "2026-01-02", "m1")
    assert pins_of([line], "run-2", variants=(), name=None) == ()
    assert pins_of([line], "run-1", variants=("classifier",), name=None) == ()
    save_pins(lab, replaced(old, [pin]))
    assert load_pins(lab) == (pin,)
    other = dataclasses.replace(line, key=dataclasses.replace(KEY, device="other"))
    assert len(replaced(load_pins(lab), pins_of([other], "run-0", variants=(), name=None))) == 2


def test_a_pin_without_control_has_no_ratio() -> None:
    (pin,) = pins_of([made_line([0.0])], "run-0", variants=(), name=None)
    assert pin.log_of("ratio") is None
    assert dataclasses.replace(pin, control_value=1e6).log_of("ratio") == pytest.approx(2.302585)
