"""Rests between processes: as long as needed, no longer than the caps, and then the session is named for it."""

from __future__ import annotations

import pytest

from devbench.conditions import CoolDown, Rest, warmth_of
from devbench.domain.device import DeviceState

from .made import state


class Room:
    """A phone whose states follow from how long it has rested, and a clock that moves only in `wait`."""

    def __init__(self, *, min_s: float = 5.0, start: DeviceState | None = None) -> None:
        self.now = 0.0
        self.reads = 0
        self.waits: list[float] = []
        self.told: list[tuple[str, float]] = []
        self.policy = CoolDown(start or state(), min_s=min_s, clock=lambda: self.now)

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        self.waits.append(seconds)

    def rest(self, cool_after_s: float, last: DeviceState | None = None) -> Rest:
        began = self.now

        def read() -> DeviceState:
            self.reads += 1
            return state(thermal_status=0 if self.now - began >= cool_after_s else 1)

        return self.policy.rest(
            last, read=read, wait=self.wait, told=lambda why, left: self.told.append((why, left))
        )


def test_a_cool_phone_rests_as_long_as_its_profile_says() -> None:
    room = Room()
    assert room.rest(0).outcome == "cool"
    assert room.waits == [5.0] and room.reads == 1 and room.told == [("rest", 5.0)]


def test_a_phone_without_a_least_rest_that_is_known_to_be_cool_is_not_asked() -> None:
    room = Room(min_s=0)
    assert room.rest(0, last=state()).outcome == "cool"
    assert (room.waits, room.reads) == ([], 0)


def test_it_waits_until_the_phone_is_cool_and_says_what_for() -> None:
    room = Room(min_s=0)
    assert room.rest(20, last=state(thermal_status=1)).seconds == 20
    assert room.told[0] == ("cool-down: thermal status 1", 90.0)
    assert [left for _, left in room.told] == sorted((left for _, left in room.told), reverse=True)


def test_caps_lead_to_a_long_rest_and_then_to_a_thermal_limit() -> None:
    """90 s, 90 s, then five minutes, then the session stops."""
    room = Room()
    rests = [room.rest(1e9) for _ in range(3)]
    assert [(rest.outcome, rest.seconds) for rest in rests] == [
        ("capped", 90),
        ("capped", 90),
        ("thermal-limited", 300),
    ]


def test_a_long_rest_ends_as_soon_as_the_phone_is_cool_and_forgives() -> None:
    room = Room()
    assert [room.rest(1e9).outcome, room.rest(1e9).outcome] == ["capped", "capped"]
    long = room.rest(200)
    assert long.outcome == "cool" and 200 <= long.seconds < 205
    assert (room.rest(1e9).outcome, room.rest(1e9).outcome) == ("capped", "capped")


def test_one_capped_rest_between_cool_ones_does_not_count_up() -> None:
    room = Room()
    outcomes = [room.rest(seconds).outcome for seconds in (1e9, 0, 1e9, 0, 1e9)]
    assert outcomes == ["capped", "cool"] * 2 + ["capped"]


SENSORS = {"cpu0": 30.0, "cpu1": 32.0, "modem": 30.0}


@pytest.mark.parametrize(
    ("now", "battery_c", "rise_c", "cool"),
    [
        ({"cpu0": 32.0, "cpu1": 34.0, "modem": 60.0}, 25.0, 2.0, True),  # the CPU's sensors, not the modem's
        ({"cpu0": 35.0, "cpu1": 32.0}, 25.0, 2.5, False),
        ({"cpu0": 30.0, "cpu1": 32.0}, 27.1, 2.1, False),  # the battery
        ({"skin": 50.0}, 26.0, 1.0, True),  # a sensor that was not there at the start
        ({}, None, None, True),  # nothing to go by: the least rest is all there is
    ],
)
def test_warmth_is_the_rise_of_cpu_and_battery_since_the_start(
    now: dict[str, float], battery_c: float | None, rise_c: float | None, cool: bool
) -> None:
    start = state(temperatures_c=SENSORS, thermal_status=None)
    warmth = warmth_of(state(temperatures_c=now, battery_temperature_c=battery_c, thermal_status=None), start)
    assert warmth.rise_c == (None if rise_c is None else pytest.approx(rise_c))
    assert warmth.cool == cool


def test_a_phone_without_cpu_sensors_is_judged_by_what_it_has() -> None:
    warmth = warmth_of(state(temperatures_c={"zone": 41.0}), state(temperatures_c={"zone": 38.0}))
    assert not warmth.cool and warmth.words == "3.0 °C above the start, 2 °C is the limit"
