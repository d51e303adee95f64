"""`devbench clean` on a host: what is old or over the budget goes, in order; what is needed stays."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
from made_runs import make_run

from devbench import store
from devbench.cli.app import app
from devbench.errors import StoreError, UsageError
from devbench.housekeeping import find_leftovers, parse_age, parse_size, plan_host, what_to_keep
from devbench.housekeeping.keep import Keep
from devbench.nightly import Alert, Confirmation, Files, LabFolder
from devbench.nightly.pins import Pin, save_pins

NOBODY = Keep(runs={}, nights={}, phones=frozenset())
DAY_S = 86_400.0
NOW_S = 1_800_000_000.0
FILES = Files(model_sha256="ab" * 32, engine_sha256="cd" * 32)


def made_run(results: Path, day: int, *, log_bytes: int = 1000, report_bytes: int = 2000) -> Path:
    """A run of that day of January 2026, changed so many days before NOW."""
    run = make_run(rounds=1, samples=3)
    folder = store.create(results, f"202601{day:02d}-000000-test")
    header = dataclasses.replace(
        run.header, run_id=folder.run_id, created_at=f"2026-01-{day:02d}T02:00:00+01:00"
    )
    folder.write_header(header)
    folder.append(run.measurements[0])
    folder.write_log("aa", 1, "x" * log_bytes)
    (folder.path / "report").mkdir()
    (folder.path / "report" / "report.html").write_bytes(b"r" * report_bytes)
    return folder.path


def aged(path: Path, days: float) -> None:
    for each in (path, *path.rglob("*")):
        os.utime(each, (NOW_S - days * DAY_S,) * 2)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEVBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("time.time", lambda: NOW_S)
    return tmp_path / "home"


def clean(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["clean", *arguments], catch_exceptions=True)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_old_reports_and_logs_go_and_measurements_stay(home: Path) -> None:
    old, new = made_run(Path("results"), 1), made_run(Path("results"), 2)
    aged(old, 40)
    aged(new, 10)
    before = (old / "records.jsonl").read_bytes()
    told = json.loads(clean("--older-than", "30d", "--json").stdout)["host"]
    assert {(one["what"], one["name"]) for one in told["removed"]} == {
        ("report", old.name),
        ("logs", old.name),
    }
    assert told["removed_bytes"] >= 3000
    assert names(old) == {"run.json", "records.jsonl", "logs"} and not names(old / "logs")
    assert (old / "records.jsonl").read_bytes() == before
    assert {"report", "logs"} <= names(new) and names(new / "logs") == {"aa.txt"}


def test_a_dry_run_says_the_same_and_changes_nothing(home: Path) -> None:
    aged(made_run(Path("results"), 1), 40)
    before = {p: p.stat().st_mtime for p in Path("results").rglob("*")}
    dry = json.loads(clean("--dry-run", "--json").stdout)["host"]
    assert {p: p.stat().st_mtime for p in Path("results").rglob("*")} == before
    assert dry["removed"] == json.loads(clean("--json").stdout)["host"]["removed"] != []


def test_over_the_budget_the_oldest_goes_first_and_reports_before_logs(tmp_path: Path) -> None:
    folders = [made_run(tmp_path, day) for day in (1, 2, 3)]
    for folder, days in zip(folders, (3, 2, 1), strict=True):
        aged(folder, days)
    found = find_leftovers(tmp_path, tmp_path / "no", NOBODY)
    removable = sum(one.size_bytes for one in found)

    def gone(spare: int) -> list[tuple[str, str]]:
        plan = plan_host(
            found, now_s=NOW_S, older_than_s=30 * DAY_S, total_bytes=10**6, max_bytes=10**6 - spare
        )
        return [(one.what, one.name) for one in plan.go]

    runs = [folder.name for folder in folders]
    assert gone(0) == []
    assert gone(1) == [("report", runs[0])]
    assert gone(2001) == [("report", runs[0]), ("report", runs[1])]
    assert gone(6001) == [*(("report", run) for run in runs), ("logs", runs[0])]
    plan = plan_host(found, now_s=NOW_S, older_than_s=9e9, total_bytes=10**6, max_bytes=0)
    assert (plan.size_bytes, plan.over_bytes) == (removable, 10**6 - removable)


def test_what_an_alert_or_a_pin_refers_to_stays_whole_even_over_the_budget(home: Path) -> None:
    """Its run, the night that it came in, and the night that it is held against; found through lab.toml."""
    paths = {day: made_run(Path("results"), day) for day in (1, 2, 3, 4, 5)}
    for path in paths.values():
        aged(path, 300)
    lab = LabFolder(Path("lab"))
    pin = Pin(line="x", device="d", variant="v", run_id=paths[1].name, night="2026-01-01", value=1.0,
              control_value=None, files=FILES, name="1.0")  # fmt: skip
    save_pins(lab, [pin])
    confirmation = Confirmation(night="2026-01-03", device="d", variant="v", setup="", line="x", rule="step",
                                by_pct=5.0, outcome="regression", now=FILES, good_night="2026-01-02")  # fmt: skip
    lab.write_alert(Alert(alert="20260104-aa", state="resolved", changed="model", night="2026-01-04",
                          variants=("v",), devices=("d",), ratio=1.05, low=None, high=None,
                          confirmations=(confirmation,), changed_at="2026-01-04"))  # fmt: skip
    Path("lab.toml").write_text('[[run]]\nsuite = "tiny"\n')
    told = json.loads(clean("--max-size", "1K", "--json").stdout)["host"]
    assert {one["name"] for one in told["removed"]} == {paths[5].name} and told["over_bytes"] > 0
    assert all({"report"} <= names(paths[day]) and names(paths[day] / "logs") for day in (1, 2, 3, 4))
    whys = {one["name"]: one["kept"] for one in told["kept"]}
    assert whys[paths[1].name] == "pinned as 1.0" and "20260104-aa" in whys[paths[2].name]


def test_unreadable_pins_stop_everything(home: Path) -> None:
    """Then nobody knows what they refer to."""
    path = made_run(Path("results"), 1)
    aged(path, 300)
    Path("lab").mkdir()
    Path("lab/pins.json").write_text("{")
    Path("lab.toml").write_text('[[run]]\nsuite = "tiny"\n')
    assert isinstance(clean().exception, StoreError) and "report" in names(path)


def test_a_run_whose_phone_is_measured_now_is_left_alone(home: Path) -> None:
    """And the engines, which its next job may need."""
    from filelock import FileLock

    path = made_run(Path("results"), 1)
    aged(path, 300)
    engine = home / "engines" / "litert" / "2.3.0" / "libLiteRt.so"
    engine.parent.mkdir(parents=True)
    engine.write_bytes(b"e" * 10)
    aged(home / "engines", 300)
    (home / "leases").mkdir()
    (home / "leases" / "phone-000000.json").write_text('{"pid": 1, "since": "2026-01-01T00:00:00+00:00"}')
    with FileLock(home / "leases" / "phone-000000.lock"):
        told = json.loads(clean("--json").stdout)["host"]
    assert told["removed"] == [] and "report" in names(path) and engine.is_file()
    assert {one["kept"] for one in told["kept"]} >= {"phone-000000 is measured now"}
    told = json.loads(clean("--json").stdout)["host"]
    assert {one["what"] for one in told["removed"]} == {"report", "logs", "engine"} and not engine.exists()


def test_engines_of_the_user_links_and_sources_of_imports_stay(home: Path) -> None:
    own = home / "engines" / "own" / "ab" / "lib.so"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"e")
    path = made_run(Path("results"), 1)
    (path / "logs" / "source.txt").write_text("what was imported")
    elsewhere = Path("elsewhere")
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("!")
    (path / "report" / "link").symlink_to(elsewhere.resolve())
    for each in (path, home / "engines", elsewhere):
        aged(each, 300)
    os.utime(path / "report" / "link", (NOW_S - 300 * DAY_S,) * 2, follow_symlinks=False)
    clean()
    assert own.is_file() and names(path / "logs") == {"source.txt"}
    assert not (path / "report").exists() and (elsewhere / "precious").read_text() == "!"


def test_folders_of_virtual_phones_that_nobody_runs_go(home: Path) -> None:
    leftover = home / "virtual" / "phones" / "pixel-2-xl" / "root"
    leftover.mkdir(parents=True)
    (leftover / "file").write_bytes(b"x" * 100)
    aged(home / "virtual", 300)
    told = json.loads(clean("--json").stdout)["host"]
    assert [(one["what"], one["size_bytes"]) for one in told["removed"]] == [("virtual-phone", 100)]
    assert not (home / "virtual" / "phones" / "pixel-2-xl").exists()


def test_copies_of_an_agent_go_and_ledgers_that_nobody_has_copied_stay(home: Path) -> None:
    for name in ("files/abcd", "runs/20260101-000000-aaaa/pixel/part-0000.jsonl", "keys/lab.key"):
        (home / "lab" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "lab" / name).write_bytes(b"x" * 10)
    aged(home / "lab", 300)
    told = json.loads(clean("--json").stdout)["host"]
    assert [(one["what"], one["name"]) for one in told["removed"]] == [("lab-file", "abcd")]
    assert [(one["what"], one["name"]) for one in told["kept"]] == [("ledger", "20260101-000000-aaaa")]
    assert "devbench run --resume" in told["kept"][0]["kept"]
    assert (home / "lab" / "keys" / "lab.key").exists()


def test_built_variants_go_when_no_run_was_made_with_them(home: Path) -> None:
    path = made_run(Path("results"), 1)
    names = ("fa/01/model.tflite", "training/02/w", "fa/03/m")
    model, trained, other = (home / "variants" / name for name in names)
    for file in (model, trained, other):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"m")
    for file in (model, other):
        (file.parent / "entry.json").write_text("{}")
    header = store.read_header(path)
    named = dataclasses.replace(header.variants[0], path=str(model))
    store.RunFolder(path).write_header(dataclasses.replace(header, variants=(named, *header.variants[1:])))
    aged(home / "variants", 300)
    aged(path, 1)
    told = json.loads(clean("--json").stdout)["host"]
    assert {one["what"] for one in told["removed"]} == {"variant"}
    assert [one["name"] for one in told["removed"]] == ["fa/03", "training/02"]
    assert [one["name"] for one in told["kept"]] == ["fa/01"]
    assert model.exists() and not other.exists() and not trained.exists()


def test_a_run_that_is_worked_on_is_left_alone(home: Path) -> None:
    """Whoever works on it may have no phone at this moment: a lease says less than the run's own lock."""
    path = made_run(Path("results"), 1)
    aged(path, 300)
    with store.RunFolder(path).held():
        told = json.loads(clean("--json").stdout)["host"]
    assert told["removed"] == [] and {one["kept"] for one in told["kept"]} == {"it is worked on now"}


def test_a_damaged_or_newer_run_is_not_ours_to_judge(tmp_path: Path) -> None:
    path = made_run(tmp_path, 1)
    (path / "run.json").write_text('{"schema": 99}')
    assert find_leftovers(tmp_path, tmp_path / "no", what_to_keep([], frozenset())) == []


def test_ages_and_sizes_are_read_or_refused_by_name() -> None:
    assert (parse_age("12h"), parse_age("2w"), parse_size("1.5G"), parse_size("500MB")) == (
        43_200.0, 14 * DAY_S, 1_500_000_000, 500_000_000)  # fmt: skip
    for wrong in ("", "30", "d", "-1d", "1e9d", "30 days"):
        with pytest.raises(UsageError, match="--older-than"):
            parse_age(wrong)
    for wrong in ("", "5", "5X", "-5G"):
        with pytest.raises(UsageError, match="--max-size"):
            parse_size(wrong)
