"""Every gate on both sides of its threshold, all problems at once, and what is done about them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.conditions import GATE_IDS, Countdown, Facts, Findings, Gate, check, parse_allow, pass_gate
from devbench.domain.taint import Taint
from devbench.errors import UsageError

from .made import info, state


def facts(**changes: Any) -> Facts:
    known: dict[str, Any] = {
        "boot_completed": True, "battery_saver": False, "screen_on": True, "screen_locked": False,
        "foreign_cpu_pct": 2.0, "foreign_window_s": 5.0, "expected_peak_bytes": 100 << 20,
    }  # fmt: skip
    return Facts(**(known | changes))


def ids(findings: Findings) -> list[str]:
    return [taint.id for taint in findings.taints]


def test_a_good_phone_passes_every_gate() -> None:
    """Nothing is found and nothing is unknown; labels are kept, and refuse nothing."""
    found = check(state(), info(labels=("VIRTUAL", "EMULATOR")), facts())
    assert found == Findings(labels=("VIRTUAL", "EMULATOR"))


BAD: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ("HOT", {"thermal_status": 1}, {}, {}, "status 1, 0 is"),
    ("THROTTLED", {"thermal_status": None}, {"sdk": 27}, {"canary_ratio": 1.11}, r"1\.11 × .*1\.10 ×"),
    ("LOW-BATTERY", {"battery_level_pct": 24.0}, {}, {}, "24 %, at least 25 %"),
    ("HOT-BATTERY", {"battery_temperature_c": 35.1}, {}, {}, r"35\.1 °C, at most 35 °C"),
    ("BATTERY-SAVER", {}, {}, {"battery_saver": True}, "low_power = 1"),
    ("JUST-BOOTED", {"uptime_s": 299.0}, {}, {}, "299 s, at least 300 s"),
    ("JUST-BOOTED", {}, {}, {"boot_completed": False}, "not finished"),
    (
        "BUSY",
        {},
        {},
        {"foreign_cpu_pct": 10.0, "busiest": ("com.x 9 %",)},
        r"10 % .* 5\.0 s.* 10 % .*com\.x 9",
    ),
    (
        "LOW-MEMORY",
        {"mem_available_bytes": 149 << 20},
        {},
        {},
        r"149 MiB available, 1\.5 × .* 100 MiB",
    ),
    ("ENG-BUILD", {}, {"build_type": "eng"}, {}, "eng"),
    ("SHARED-CORES", {}, {"labels": ("VIRTUAL", "SHARED-CORES")}, {}, r"ro\.devbench\.labels"),
    ("SCREEN-OFF", {}, {}, {"needs_screen": True, "screen_on": False}, "off"),
    ("SCREEN-LOCKED", {}, {}, {"needs_screen": True, "screen_locked": True}, "locked"),
]


@pytest.mark.parametrize(("name", "now", "phone", "known", "detail"), BAD)
def test_each_bad_condition_is_found_alone(
    name: str, now: dict[str, Any], phone: dict[str, Any], known: dict[str, Any], detail: str
) -> None:
    """With its numbers, its threshold and a way out."""
    found = check(state(**now), info(**phone), facts(**known))
    assert ids(found) == [name]
    (taint,) = found.taints
    assert re.search(detail, taint.detail), taint.detail
    assert taint.sentence.endswith(".") and taint.fix


EDGE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"battery_level_pct": 25.0}, {}),
    ({"battery_temperature_c": 35.0}, {}),
    ({"uptime_s": 300.0}, {}),
    ({"mem_available_bytes": 150 << 20}, {}),
    ({}, {"foreign_cpu_pct": 9.99}),
    ({}, {"canary_ratio": 1.10}),
    ({}, {"screen_on": False, "screen_locked": True}),  # of no concern to a program without a window
]


@pytest.mark.parametrize(("now", "known"), EDGE)
def test_the_threshold_itself_is_good(now: dict[str, Any], known: dict[str, Any]) -> None:
    assert check(state(**now), info(), facts(**known)).taints == ()


UNKNOWN: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("HOT", {"thermal_status": None}, {"sdk": 27}, {"canary_ratio": 1.0}),
    ("LOW-BATTERY", {"battery_level_pct": None}, {}, {}),
    ("HOT-BATTERY", {"battery_temperature_c": None}, {}, {}),
    ("BATTERY-SAVER", {}, {}, {"battery_saver": None}),
    ("JUST-BOOTED", {"uptime_s": None}, {}, {}),
    ("BUSY", {}, {}, {"foreign_cpu_pct": None}),
    ("LOW-MEMORY", {"mem_available_bytes": None}, {}, {}),
    ("LOW-MEMORY", {}, {}, {"expected_peak_bytes": None}),
    ("ENG-BUILD", {}, {"build_type": None}, {}),
    ("SCREEN-OFF", {}, {}, {"screen_on": None}),
    ("SCREEN-LOCKED", {}, {}, {"needs_screen": True, "screen_locked": None}),
]


@pytest.mark.parametrize(("name", "now", "phone", "known"), UNKNOWN)
def test_what_a_phone_cannot_tell_is_named_and_neither_good_nor_bad(
    name: str, now: dict[str, Any], phone: dict[str, Any], known: dict[str, Any]
) -> None:
    found = check(state(**now), info(**phone), facts(**known))
    assert found.taints == ()
    assert [missing.id for missing in found.missing] == [name]
    assert found.missing[0].reason


def test_a_recorded_reason_is_repeated() -> None:
    found = check(state(battery_level_pct=None, missing={"battery_level_pct": "no service"}), info(), facts())
    assert found.missing[0].reason == "no service"


def test_all_problems_are_told_together() -> None:
    found = check(
        state(thermal_status=2, battery_level_pct=5.0, battery_temperature_c=44.0, uptime_s=10.0),
        info(build_type="eng"),
        facts(battery_saver=True, foreign_cpu_pct=300.0),
    )
    assert ids(found) == [
        "HOT", "LOW-BATTERY", "HOT-BATTERY", "BATTERY-SAVER", "JUST-BOOTED", "BUSY", "ENG-BUILD",
    ]  # fmt: skip


NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False, width=32)
FLAG = st.none() | st.booleans()


@given(st.data())
def test_a_gate_answers_once_whatever_a_phone_says(data: st.DataObject) -> None:
    """No exception, and no gate both fails and is unknown."""
    sdk = data.draw(st.none() | st.integers(15, 40))
    now = state(
        thermal_status=data.draw(st.none() | st.integers(-1, 9)),
        battery_level_pct=data.draw(NUMBER), battery_temperature_c=data.draw(NUMBER),
        uptime_s=data.draw(NUMBER), mem_available_bytes=data.draw(st.none() | st.integers(0, 1 << 40)),
    )  # fmt: skip
    known = Facts(
        boot_completed=data.draw(FLAG), battery_saver=data.draw(FLAG), screen_on=data.draw(FLAG),
        screen_locked=data.draw(FLAG), foreign_cpu_pct=data.draw(NUMBER), canary_ratio=data.draw(NUMBER),
        expected_peak_bytes=data.draw(st.none() | st.integers(0, 1 << 40)), needs_screen=data.draw(st.booleans()),
    )  # fmt: skip
    found = check(now, info(sdk=sdk), known)
    answered = [*ids(found), *(missing.id for missing in found.missing)]
    assert len(answered) == len(set(answered)) and set(answered) <= set(GATE_IDS)


def taint(name: str) -> Taint:
    return Taint(id=name, sentence="It is so.", detail=f"{name} 1, 0 is the limit", fix=f"mend {name}")


class Day:
    """A clock that moves only when somebody waits, and a phone with the given problems at each look."""

    def __init__(self, *looks: tuple[str, ...]) -> None:
        self.now = 0.0
        self.looks = list(looks)
        self.seen: list[Countdown] = []

    def look(self) -> Findings:
        found = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return Findings(taints=tuple(taint(name) for name in found))

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def go(self, gate: Gate) -> Any:
        return pass_gate(gate, self.look, wait=self.wait, told=self.seen.append, clock=lambda: self.now)


def test_quick_goes_on_at_once_with_the_taint() -> None:
    day = Day(("HOT", "LOW-BATTERY"))
    passage = day.go(Gate(careful=False))
    assert passage.passed and day.now == 0
    assert [t.id for t in passage.taints] == ["HOT", "LOW-BATTERY"]


def test_the_others_refuse_what_does_not_pass_by_itself() -> None:
    """At once, although BUSY alone would be waited for; and the answer holds everything."""
    day = Day(("BUSY", "LOW-BATTERY"))
    passage = day.go(Gate(careful=True))
    assert not passage.passed and day.now == 0
    reject = passage.reject(info())
    assert (reject.serial, reject.state) == ("S1", "conditions")
    assert "BUSY: It is so. BUSY 1" in reject.reason and "LOW-BATTERY" in reject.reason
    assert "mend BUSY; mend LOW-BATTERY; or --allow BUSY,LOW-BATTERY" in reject.fix


def test_what_is_allowed_goes_on_with_the_taint() -> None:
    day = Day(("HOT", "LOW-BATTERY"))
    passage = day.go(Gate(careful=True, allow=parse_allow("hot, LOW-BATTERY")))
    assert passage.passed and day.now == 0
    assert [t.id for t in passage.taints] == ["HOT", "LOW-BATTERY"]


def test_a_busy_phone_is_waited_for_with_a_countdown() -> None:
    day = Day(("BUSY",), ("BUSY",), ())
    passage = day.go(Gate(careful=True))
    assert passage.passed and passage.taints == () and passage.waited_s == 10
    assert [(c.ids, c.left_s) for c in day.seen] == [(("BUSY",), 120), (("BUSY",), 115)]


@pytest.mark.parametrize(("problems", "seconds"), [(("BUSY",), 120), (("HOT",), 300), (("HOT", "BUSY"), 120)])
def test_waiting_has_an_end(problems: tuple[str, ...], seconds: float) -> None:
    day = Day(problems)
    passage = day.go(Gate(careful=True))
    assert not passage.passed and day.now == seconds


def test_waiting_can_be_interrupted() -> None:
    day = Day(("BUSY",))

    def wait(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pass_gate(Gate(careful=True), day.look, wait=wait, told=day.seen.append, clock=lambda: 0.0)


def test_an_unknown_id_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="LOW-BATERY") as caught:
        parse_allow("HOT,LOW-BATERY")
    assert caught.value.fix == "try LOW-BATTERY"
    assert parse_allow("") == frozenset()
