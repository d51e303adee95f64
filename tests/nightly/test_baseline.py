"""`devbench baseline`: what is accepted stays on the record, and a wrong name changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_lines import made_alert, made_line
from typer.testing import CliRunner, Result

from devbench.cli.app import app
from devbench.errors import UsageError
from devbench.nightly import LabFolder
from devbench.nightly.marks import marks_of
from devbench.nightly.pins import pins_of, save_pins


@pytest.fixture
def lab(tmp_path: Path) -> LabFolder:
    folder = LabFolder(tmp_path)
    folder.write_alert(made_alert(name="20260110-abcd"))
    folder.write_alert(made_alert(name="20260111-beef", state="watch"))
    return folder


def baseline(lab: LabFolder, *words: str) -> Result:
    return CliRunner().invoke(app, ["baseline", *words, "--lab", str(lab.path)])


def states(lab: LabFolder) -> dict[str, str]:
    return {alert.alert: alert.state for alert in lab.alerts()}


def test_an_alert_is_accepted_with_its_reason(lab: LabFolder) -> None:
    done = baseline(lab, "accept", "20260110-abcd", "--reason", "larger input")
    assert done.exit_code == 0
    assert done.stdout.startswith("accepted: detector +5.0 %")
    assert states(lab) == {"20260110-abcd": "accepted", "20260111-beef": "watch"}
    assert lab.alerts()[0].reason == "larger input"
    listed = json.loads(baseline(lab, "list", "--json").stdout)
    first = listed["alerts"][0]
    assert (first["alert"], first["state"], first["reason"]) == ("20260110-abcd", "accepted", "larger input")


def test_all_means_what_is_open(lab: LabFolder) -> None:
    assert baseline(lab, "accept", "all").exit_code == 0
    assert states(lab) == {"20260110-abcd": "accepted", "20260111-beef": "watch"}
    assert "no alert is open" in baseline(lab, "accept", "all").stdout


def test_a_wrong_name_accepts_nothing(lab: LabFolder) -> None:
    done = baseline(lab, "accept", "20260110-abcd", "20260110-dead")
    assert isinstance(done.exception, UsageError)
    assert "one of: 20260110-abcd, 20260111-beef" in str(done.exception)
    assert states(lab)["20260110-abcd"] == "open"
    baseline(lab, "accept", "20260110-abcd")
    assert "is accepted already" in str(baseline(lab, "accept", "20260110-abcd").exception)


def test_a_folder_that_is_no_lab_is_said(tmp_path: Path) -> None:
    done = baseline(LabFolder(tmp_path / "nowhere"), "list")
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "nowhere").exists()


def test_alerts_and_pins_are_marks_of_their_lines(lab: LabFolder) -> None:
    save_pins(lab, pins_of([made_line([0.0])], "run-0", variants=(), name="v1"))
    found = {(mark.kind, mark.night, mark.sentence.rpartition(": ")[2]) for mark in marks_of(lab)}
    assert found == {("alert", "2026-01-10", "open"), ("pin", "2026-01-01", "pinned as v1")}
