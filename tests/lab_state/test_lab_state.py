"""The lab at a moment: states by what lies on the host, jobs left, quarantine and why; the page shows it safely."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
from made_runs import HOSTILE, SERIAL, SERIALNO, make_run, phone

from devbench import store
from devbench.cli.app import app
from devbench.devices.quarantine import AFTER, Setback, set_back
from devbench.domain.device import DeviceInfo
from devbench.lab_state import LabNow, PhoneNow, lab_now
from devbench.reports.lab_page import answer, lab_html, write_lab_page

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PHONES = tuple(phone(i) for i in range(5))


def kept(
    results: Path, phones: tuple[DeviceInfo, ...], *, run_id: str = "20260101-000000-test", drop: int = 0
) -> Path:
    """A run of two variants on these phones, of which the last `drop` records are missing."""
    run = make_run(phones=phones, rounds=2, samples=3, control=False, resources=False)
    folder = store.create(results, run_id)
    folder.write_header(dataclasses.replace(run.header, run_id=run_id))
    for measurement in run.measurements[: len(run.measurements) - drop]:
        folder.append(measurement)
    return folder.path


def look(base: Path, connected: dict[str, str] | None) -> LabNow:
    return lab_now(base / "results", base / "leases", base / "quarantine", connected, now=NOW)


def states(lab: LabNow) -> dict[str, str]:
    return {p.device: p.state for p in lab.phones}


def fail_often(base: Path, device: str, reason: str) -> None:
    (base / "quarantine").mkdir(exist_ok=True)
    for i in range(AFTER):
        set_back(base / "quarantine", device, Setback(at=f"2026-01-0{i + 1}T00:00:00Z", run_id="r", kind="offline",
                                                      reason=reason))  # fmt: skip


def lease(base: Path, device: str) -> Path:
    (base / "leases").mkdir(exist_ok=True)
    (base / "leases" / f"{device}.json").write_text('{"pid": 1, "since": "2026-01-01T00:00:00+00:00"}')
    return base / "leases" / f"{device}.lock"


def test_each_phone_has_the_state_that_a_person_would_give_it(tmp_path: Path) -> None:
    from filelock import FileLock

    kept(tmp_path / "results", PHONES)
    fail_often(tmp_path, "phone-000001", f"cable of {SERIAL}-1")
    connected = {f"{SERIAL}-{i}": "device" for i in (0, 1, 2)} | {
        f"{SERIAL}-3": "unauthorized",
        "NEW1": "device",
    }
    with FileLock(lease(tmp_path, "phone-000000")):
        lab = look(tmp_path, connected)
    assert states(lab) == {
        "phone-000000": "measuring", "phone-000001": "quarantined", "phone-000002": "idle",
        "phone-000003": "needs-help", "phone-000004": "away",
    }  # fmt: skip
    out = lab.phones[1]
    assert (
        out.why is not None
        and "cable of phone-000001" in out.why
        and "--release phone-000001" in str(out.way_back)
    )
    assert lab.new_phones == 1 and (lab.phones[0].battery_pct, lab.phones[0].temperature_c) == (80.0, 37.0)
    assert SERIAL not in str(lab) and SERIALNO not in str(lab) and "NEW1" not in str(lab)
    assert set(states(look(tmp_path, None)).values()) == {"unknown", "quarantined"}


def test_the_queue_is_what_runs_and_what_was_left(tmp_path: Path) -> None:
    """A run that a process works on is running; a whole one is not shown; each phone knows its jobs left."""
    results = tmp_path / "results"
    kept(results, PHONES[:1])
    left = kept(results, PHONES[:1], run_id="20260102-000000-left", drop=1)
    running = kept(results, PHONES[:2], run_id="20260103-000000-runs", drop=3)
    with store.RunFolder(running).held():
        lab = look(tmp_path, {})
    assert [(r.run_id, r.running, r.jobs, r.done, r.left) for r in lab.runs] == [
        (running.name, True, 8, 5, 3), (left.name, False, 4, 3, 1),
    ]  # fmt: skip
    assert {p.device: (p.jobs_left, p.last_run) for p in lab.phones} == {
        "phone-000000": (0, running.name), "phone-000001": (3, running.name),
    }  # fmt: skip
    assert answer(lab) == ("2 phones: 2 away.", "1 run under way, 3 jobs left; 1 run left unfinished, 1 job.")


def test_a_discarded_attempt_is_left_to_do(tmp_path: Path) -> None:
    path = kept(tmp_path / "results", PHONES[:1])
    records = (path / "records.jsonl").read_text().splitlines()
    records.append(json.dumps(json.loads(records[0]) | {"status": "discarded", "attempt": 1}))
    (path / "records.jsonl").write_text("\n".join(records))
    assert [r.left for r in look(tmp_path, {}).runs] == [1]


def test_phones_of_which_no_run_tells_are_there_too_and_damage_is_a_note(tmp_path: Path) -> None:
    fail_often(tmp_path, "lost-abc123", "it never came back")
    (tmp_path / "results" / "20260101-000000-bad").mkdir(parents=True)
    (tmp_path / "results" / "20260101-000000-bad" / "run.json").write_text("{")
    lab = look(tmp_path, None)
    assert states(lab) == {"lost-abc123": "quarantined"}
    assert len(lab.notes) == 1 and "damaged" in lab.notes[0] and str(tmp_path) not in lab.notes[0]
    assert answer(lab)[1] == "Nothing is measured and nothing waits."


@pytest.fixture
def hostile() -> LabNow:
    one = PhoneNow(
        device="x-1", model=HOSTILE, state="quarantined", why=f"{HOSTILE} {{{{ 7*7 }}}}", way_back=HOSTILE
    )
    return LabNow(at="2026-01-02T00:00:00+00:00", phones=(one,), runs=(), notes=(HOSTILE,))


def test_the_page_escapes_what_it_shows_and_lets_in_its_style_alone(hostile: LabNow) -> None:
    page = lab_html(hostile)
    assert "<script" not in page and "&lt;script&gt;" in page and "7*7" in page
    style = re.search(r"<style>(.*)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None and f"style-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;") and "style=" not in page.replace("<style", "")


def test_status_is_one_object_and_a_page_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an adb server it says unknown, and starts none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEVBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", "1")
    kept(Path("results"), PHONES[:1])
    done = CliRunner().invoke(app, ["lab", "status", "--json", "--html", "out/lab.html"])
    assert done.exit_code == 0, done.output
    assert [p["state"] for p in json.loads(done.stdout)["phones"]] == ["unknown"]
    text = CliRunner().invoke(app, ["lab", "status"]).stdout
    assert "phone-000000" in text and "no adb server answers" in text
    assert "OPPO A37f" in Path("out/lab.html").read_text() and SERIAL not in Path("out/lab.html").read_text()


def test_the_page_takes_the_place_of_the_old_one_whole(tmp_path: Path, hostile: LabNow) -> None:
    write_lab_page(hostile, tmp_path / "lab.html")
    write_lab_page(dataclasses.replace(hostile, phones=()), tmp_path / "lab.html")
    assert [p.name for p in tmp_path.iterdir()] == ["lab.html"]
    assert "No phone has been measured yet." in (tmp_path / "lab.html").read_text()
