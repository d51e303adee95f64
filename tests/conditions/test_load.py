"""Foreign CPU from two looks at /proc/stat, and the canary that stands in where heat is not told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.conditions import better_baseline, canary_ratio, load_baseline, save_baseline
from devbench.conditions.canary import canary_script, parse_canary
from devbench.conditions.load import load_between, parse_cpu_lines, parse_cpu_times
from devbench.conditions.look import parse_facts
from devbench.conditions.screen import parse_locked, parse_screen_on, parse_stays_on
from devbench.domain.device import CoreGroup

from .made import info

# user nice system idle iowait irq softirq steal guest guest_nice
STAT = """cpu  400 0 100 9000 50 10 5 0 0 0
cpu0 300 0 80 4000 50 10 5 0 0 0
cpu1 100 0 20 5000 0 0 0 0 0 0
"""
LATER = """cpu  460 0 110 9800 60 10 5 20 30 0
cpu0 350 0 90 4300 60 10 5 20 30 0
cpu1 110 0 20 5500 0 0 0 0 0 0
"""


def process(pid: int, name: str, ticks: int) -> str:
    fields = [
        "S", "1", "1", "0", "-1", "0", "0", "10", "0", "0", "0", str(ticks), "0", "0", "0", "20", "0", "1",
        "0", "5", "1000", "10", *["0"] * 14, "1", *["0"] * 13,
    ]  # fmt: skip
    return f"{pid} ({name}) " + " ".join(fields)


def test_busy_seconds_hold_work_interrupts_and_stolen_time_once() -> None:
    """Idle, waiting for disks, and guests (counted in user already) are not in it."""
    assert parse_cpu_lines(STAT) == {"0": 3.95, "1": 1.2}
    assert parse_cpu_lines(LATER)["0"] == pytest.approx(3.5 + 0.9 + 0.15 + 0.2)


def test_load_is_in_percent_of_one_core_and_names_the_busiest() -> None:
    before = parse_cpu_times("1000.00 1900.0\n", STAT, process(7, "com.x ) R", 100))
    running = [process(7, "com.x ) R", 130), process(9, "new", 20), process(10, "com.x ) R", 0)]
    after = parse_cpu_times("1005.00 1905.0\n", LATER, "\n".join(running))
    assert before and after
    load = load_between(before, after)
    assert load and load.window_s == 5
    assert load.pct == pytest.approx(100 * (0.8 + 0.1) / 5)
    assert load.busiest == ("com.x ) R 6 %", "new 4 %")


def test_a_cpu_that_comes_or_goes_is_left_out() -> None:
    one = "".join(line + "\n" for line in LATER.splitlines() if not line.startswith("cpu0"))
    for first, second in ((STAT, one), (one, LATER)):
        before, after = parse_cpu_times("1 1\n", first, ""), parse_cpu_times("2 1\n", second, "")
        assert before and after
        load = load_between(before, after)
        assert load and load.pct == pytest.approx(10 if first is STAT else 0)


def test_a_phone_that_started_anew_in_between_has_no_load() -> None:
    before, after = parse_cpu_times("1000 1\n", STAT, ""), parse_cpu_times("3 1\n", STAT, "")
    assert before and after and load_between(before, after) is None


@pytest.mark.parametrize(
    ("uptime", "stat"), [("", STAT), ("x", STAT), ("1 1\n", ""), ("1 1\n", "cpu: denied")]
)
def test_what_cannot_be_read_is_none(uptime: str, stat: str) -> None:
    assert parse_cpu_times(uptime, stat, "") is None


def test_facts_of_a_phone_that_answers_nothing_are_unknown_with_reasons() -> None:
    facts = parse_facts("", "", info(), needs_screen=True)
    assert facts.battery_saver is facts.screen_on is facts.screen_locked is facts.foreign_cpu_pct is None
    assert facts.boot_completed is False
    assert {"battery_saver", "screen_on", "screen_locked", "foreign_cpu_pct"} == set(facts.missing)


def test_a_board_without_android_has_started_when_it_answers() -> None:
    assert parse_facts("", "", info(sdk=None)).boot_completed is None


@given(st.text())
def test_no_text_makes_the_readers_raise(text: str) -> None:
    for reader in (parse_cpu_lines, parse_canary, parse_screen_on, parse_locked, parse_stays_on):
        reader(text)
    parse_facts(text, f"== stat\n{text}", info())


SCREENS = [
    ("  mWakefulness=Awake\n  mWakefulnessChanging=false\n", True),
    ("  mWakefulness=Dozing\nDisplay Power: state=DOZE\n", False),
    ("Display Power: state=ON\n", True),
    ("Display Power: state=OFF\n", False),
    ("mPowerState=0", None),
]


@pytest.mark.parametrize(("text", "on"), SCREENS)
def test_screens_of_several_androids(text: str, on: bool | None) -> None:
    assert parse_screen_on(text) is on


@pytest.mark.parametrize(
    ("text", "locked"),
    [
        ("    mShowingLockscreen=true", True),
        ("  showing=false\n  mIsShowing=true", True),
        ("  isKeyguardShowing=false", False),
        ("mShowingDream=true", None),
    ],
)
def test_lock_screens_of_several_androids(text: str, locked: bool | None) -> None:
    assert parse_locked(text) is locked


def test_a_canary_is_compared_with_its_best_by_core_group(tmp_path: Path) -> None:
    """The slowest group decides; a group without a baseline says nothing; the best is kept."""
    groups = (
        CoreGroup(name="little", cpus=(0, 1), max_khz=None),
        CoreGroup(name="big", cpus=(4,), max_khz=None),
    )
    script = canary_script("/r", "1", groups)
    assert script == "echo '== little'; /r 1 canary cpu_mask=3; echo '== big'; /r 1 canary cpu_mask=10"
    now = parse_canary(
        "== little\nWARNING: linker: unused\n"
        '{"event":"canary","cpu_mask":"3","rounds":9,"ns_per_round":220,"wall_ns":1}\n'
        '== big\n{"event":"error","kind":"usage"}\n'
    )
    assert now == {"little": 220.0}
    assert canary_ratio(now, {"little": 200.0, "big": 50.0}) == pytest.approx(1.1)
    assert canary_ratio(now, {}) is None
    assert better_baseline(now, {"little": 200.0, "big": 50.0}) == {"little": 200.0, "big": 50.0}
    save_baseline(tmp_path, info(), "r1", now)
    assert load_baseline(tmp_path, info(), "r1") == now
    assert load_baseline(tmp_path, info(), "r2") == {}
    assert load_baseline(tmp_path, info(fingerprint="other"), "r1") == {}
    assert load_baseline(tmp_path / "none", info(), "r1") == {}
