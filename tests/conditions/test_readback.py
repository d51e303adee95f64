"""Asked and actual of one process: each difference is a taint by its name, and a good run has none."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devbench.conditions import taints_of_run
from devbench.domain.device import DeviceState
from devbench.domain.job import Bounds, Job
from devbench.domain.measurement import Measurement, Series, Usage

from .made import busy_after, info, job, measurement, state

BUSY_AFTER = busy_after(50)


def found(asked: Job, measured: Measurement, **more: Any) -> dict[str, str]:
    return {taint.id: taint.detail for taint in taints_of_run(asked, measured, info(), **more)}


def after(**changes: Any) -> DeviceState:
    return state(**({"uptime_s": 4004.0, "cpu_busy_s": BUSY_AFTER} | changes))


def test_a_run_that_was_what_was_asked_has_no_taint() -> None:
    assert found(job(), measurement()) == {}


def test_nothing_is_said_of_an_attempt_without_a_number() -> None:
    """Its failure says it all."""
    assert found(job(), measurement(actual={"threads": 1}, status="failed")) == {}
    assert found(job(), dataclasses.replace(measurement(), actual=None)) == {}


ACTUAL: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({}, {"cpus_allowed": "0-3"}, "AFFINITY-IGNORED", "asked 2,3, allowed 0-3, ran on 2,3"),
    ({}, {"cpus_allowed": "2"}, "AFFINITY-IGNORED", "asked 2,3, allowed 2,"),
    ({}, {"cpus_used": (0, 2)}, "AFFINITY-IGNORED", "ran on 0,2"),
    ({}, {"threads": 1}, "THREADS-DIFFER", "2 asked, 1 alive at the end of steady$"),
    ({"threads": 4, "delegate": "none"}, {"threads": 1, "delegate": "none"}, "THREADS-DIFFER",
     "4 asked, 1 alive.*built-in"),
    ({"threads": 1}, {"threads": 6}, "THREADS-DIFFER", r"1 asked, 2\.0 cores busy in steady, 6 threads alive"),
    ({}, {"delegate": "none", "delegated_nodes": 0}, "DELEGATE-NOT-APPLIED", "asked xnnpack, applied none, 0 of 7"),
    ({"delegate": "none"}, {}, "DELEGATE-NOT-APPLIED", "asked none, applied xnnpack"),
    ({}, {"delegated_nodes": 5, "partitions": 3}, "DELEGATE-PARTIAL", "5 of 7 nodes in 3 partitions"),
    ({}, {"fully_delegated": False, "nodes": None, "delegated_nodes": None}, "DELEGATE-PARTIAL", "xnnpack"),
    ({}, {"threads": None}, "NOT-READ-BACK", "threads"),
    ({}, {"cpus_allowed": None, "cpus_used": ()}, "NOT-READ-BACK", "CPUs"),
    ({}, {"delegate": None}, "NOT-READ-BACK", "delegate"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "actual", "name", "detail"), ACTUAL)
def test_each_difference_between_asked_and_actual_is_a_taint(
    asked: dict[str, Any], actual: dict[str, Any], name: str, detail: str
) -> None:
    taints = found(job(backend=asked), measurement(actual=actual))
    assert list(taints) == [name]
    assert re.search(detail, taints[name]), taints[name]


def test_idle_helpers_of_an_engine_are_no_difference() -> None:
    """More threads alive than asked, and no more work than asked: nothing to say."""
    assert found(job(), measurement(actual={"threads": 7})) == {}


def test_a_process_that_is_not_pinned_may_run_anywhere() -> None:
    assert found(job(backend={"cpu_mask": None}), measurement(actual={"cpus_allowed": "0-7"})) == {}


STATES: list[tuple[dict[str, Any], str, str]] = [
    ({"thermal_status": 2}, "THROTTLED", "thermal status 2"),
    ({"scaling_max_khz": {"2": 1_500_000, "3": 2_000_000}}, "THROTTLED", "cpu2 .*1500000 .*2000000 kHz before"),
    ({"screen_on": False}, "SCREEN-CHANGED", "on → off"),
    ({"plugged": "none"}, "CHARGING-CHANGED", "usb → none"),
    ({"cpu_busy_s": BUSY_AFTER | {"2": 108.0}}, "BUSY-DURING", r"at least \d+ % .* CPU 2,3 over 4\.0 s"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "name", "detail"), STATES)
def test_what_changed_around_a_run_is_a_taint(changes: dict[str, Any], name: str, detail: str) -> None:
    taints = found(job(), measurement(state_after=after(**changes)))
    assert list(taints) == [name]
    assert re.search(detail, taints[name]), taints[name]


SILENT: list[dict[str, Any]] = [
    {"thermal_status": None},
    {"scaling_max_khz": {"2": 2_000_000, "3": 2_200_000}},  # a ceiling that rises again
    {"scaling_max_khz": {}},
    {"screen_on": None},
    {"plugged": None},
    {"cpu_busy_s": BUSY_AFTER | {"0": 104.0}},  # work on a CPU that the process is not on
    {"cpu_busy_s": {}},
    {"uptime_s": None},
    {"battery_status": "full"},  # the same cable
]


@pytest.mark.parametrize("changes", SILENT)
def test_what_is_unknown_or_harmless_is_no_taint(changes: dict[str, Any]) -> None:
    assert found(job(), measurement(state_after=after(**changes))) == {}


def test_screen_and_charger_are_compared_with_the_start_of_the_session() -> None:
    """A change between two runs shows although each run has the same before and after."""
    start = state(screen_on=False, plugged="ac")
    taints = found(job(), measurement(), session_start=start)
    assert taints == {"SCREEN-CHANGED": "off → on → on", "CHARGING-CHANGED": "ac → usb → usb"}


def test_load_while_a_process_works_on_unmeasured_is_not_taken_for_others() -> None:
    """Pass `resources` goes on after its steady phase."""
    busy = after(cpu_busy_s=BUSY_AFTER | {"2": 120.0})
    bounds = Bounds(steady_min_n=5, steady_min_ms=500)
    assert found(job(pass_name="resources", bounds=bounds), measurement(state_after=busy)) == {}


CLOCKS: list[tuple[dict[str, int], dict[str, Any], str | None]] = [
    ({"2": 1_400_000, "3": 1_400_000}, {}, None),
    ({"2": 1_405_000, "3": 1_400_000}, {}, None),  # drivers round
    ({"2": 900_000, "3": 1_400_000}, {}, "cpu2: locked 1400000 kHz, ran at 900000$"),
    ({}, {"scaling_min_khz": {"2": 300_000, "3": 1_400_000}}, "cpu2: .*min 300000"),
    ({}, {"scaling_max_khz": {"2": 1_400_000, "3": 2_000_000}}, "cpu3: .*max 2000000"),
    ({}, {"scaling_min_khz": {}, "scaling_max_khz": {}}, "cpu2: .*not readable"),
]


@pytest.mark.parametrize(("khz", "limits", "detail"), CLOCKS)
def test_a_clock_lock_is_held_or_a_taint(
    khz: dict[str, int], limits: dict[str, Any], detail: str | None
) -> None:
    both = {"2": 1_400_000, "3": 1_400_000}
    known = {"scaling_min_khz": both, "scaling_max_khz": both} | limits
    locked = dict.fromkeys((0, 1, 2, 3), 1_400_000)
    measured = measurement(
        actual={"cpu_khz": khz}, state_before=state(scaling_max_khz={}), state_after=after(**known)
    )
    taints = found(job(), measured, locked_khz=locked)
    assert list(taints) == (["CLOCK-NOT-HELD"] if detail else [])
    assert detail is None or re.search(detail, taints["CLOCK-NOT-HELD"])


def steady(n: int, seconds: float) -> dict[str, Any]:
    """A steady phase of one thread's worth of CPU."""
    wall_ns = int(seconds * 1e9)
    return {
        "series": (Series(phase="steady", values_ns=(wall_ns // max(n, 1),) * n),),
        "usage": (Usage(phase="steady", wall_ns=wall_ns, utime_ns=wall_ns, stime_ns=0),),
    }


COUNTS = [
    (50, 2.0, False),
    (49, 2.5, True),  # stopped early
    (80, 1.9, True),
    (5, 30.0, False),  # a slow model: few, and enough
    (16, 31.0, False),  # 2 s an inference
    (4, 40.0, True),
    (0, 0.0, True),
    (20_000, 0.4, False),  # microseconds an inference
]


@pytest.mark.parametrize(("n", "seconds", "low"), COUNTS)
def test_a_count_below_the_bounds_is_a_taint_and_a_slow_model_is_not(
    n: int, seconds: float, low: bool
) -> None:
    taints = found(job(), measurement(**steady(n, seconds)))
    assert list(taints) == (["COUNT-TOO-LOW"] if low else [])
    if low:
        assert taints["COUNT-TOO-LOW"].startswith(f"{n} inferences in {seconds:.2f} s; asked 50 and 2 s")


def test_a_tool_that_tells_an_average_only_has_its_own_bounds() -> None:
    assert found(job(runner="benchmark_model"), measurement(n=1)) == {}


def test_a_capped_warm_up_is_a_taint() -> None:
    assert list(found(job(), measurement(warmup_status="capped"))) == ["UNSTABLE-WARMUP"]


def test_all_faults_of_a_run_are_told_together() -> None:
    wrong = measurement(
        actual={"cpus_allowed": "0-3", "threads": 1, "delegate": "none"},
        n=3,
        warmup_status="capped",
        state_after=after(thermal_status=3, screen_on=False, plugged="none", cpu_busy_s=busy_after(3)),
    )
    assert set(found(job(), wrong)) == {
        "AFFINITY-IGNORED", "THREADS-DIFFER", "DELEGATE-NOT-APPLIED", "COUNT-TOO-LOW", "UNSTABLE-WARMUP",
        "THROTTLED", "SCREEN-CHANGED", "CHARGING-CHANGED",
    }  # fmt: skip


@given(
    mask=st.integers(1, 255),
    allowed=st.none() | st.sampled_from(["", "0-7", "2", "1,3-5", "x", "9-"]),
    used=st.lists(st.integers(0, 9), max_size=4),
)
def test_no_process_outside_its_mask_goes_unnoticed(mask: int, allowed: str | None, used: list[int]) -> None:
    """Whatever was read back: a CPU outside the mask is AFFINITY-IGNORED, and nothing raises."""
    actual = {"cpus_allowed": allowed, "cpus_used": tuple(used)}
    taints = found(job(backend={"cpu_mask": mask}), measurement(actual=actual, state_before=None))
    if any(not mask >> cpu & 1 for cpu in used):
        assert "AFFINITY-IGNORED" in taints


def test_taints_do_not_depend_on_states_that_were_not_read() -> None:
    measured = dataclasses.replace(measurement(), state_before=None, state_after=None)
    assert found(job(), measured) == {}
