"""Gates and read-back against a phone behind a real adb server whose battery, heat and settings are driven."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from devbench.conditions import add_run_look, look, read_canary, run_script, taints_of_run
from devbench.devices.state import parse_state, state_script
from devbench.domain.cpus import mask_of
from devbench.domain.device import DeviceState
from devbench.domain.job import Bounds
from devbench.domain.measurement import Measurement
from devbench.engines import parse_engine, resolve
from devbench.hashing import sha256_of
from devbench.runners.cas import LocalFile, ensure_files
from devbench.runners.protocol import Transcript, parse_line

from .conftest import Handy
from .made import job, measurement
from .test_restore import CONTROL

BRIEF = Bounds(warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=3, steady_min_n=30, steady_min_ms=300)


def findings(phone: Handy, **more: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Taints and gates without an answer, by id; the window is as long as two round trips take."""
    found = look(phone.phone, phone.info, wait=lambda _: None, **more).findings
    return {t.id: t.detail for t in found.taints}, {m.id: m.reason for m in found.missing}


@contextlib.contextmanager
def driven(phone: Handy, do: str, undo: str) -> Iterator[None]:
    phone.sh(do)
    try:
        yield
    finally:
        phone.sh(undo)


@pytest.mark.parametrize(
    ("do", "undo", "name", "detail"),
    [
        ("dumpsys battery set level 12", "dumpsys battery reset", "LOW-BATTERY", "12 %, at least 25 %"),
        ("dumpsys battery set temp 401", "dumpsys battery reset", "HOT-BATTERY", "40.1 °C, at most 35 °C"),
        ("cmd thermalservice override-status 2", "cmd thermalservice reset", "HOT", "thermal status 2"),
        ("settings put global low_power 1", "settings delete global low_power", "BATTERY-SAVER", "= 1"),
    ],
)
def test_a_condition_of_the_phone_is_seen_through_adb(
    poco: Handy, do: str, undo: str, name: str, detail: str
) -> None:
    with driven(poco, do, undo):
        taints, _ = findings(poco, expected_peak_bytes=1)
        assert detail in taints[name]
    taints, _ = findings(poco, expected_peak_bytes=1)
    assert name not in taints


def test_memory_is_held_against_the_expected_peak(poco: Handy) -> None:
    assert "LOW-MEMORY" in findings(poco, expected_peak_bytes=1 << 50)[0]
    assert "LOW-MEMORY" in findings(poco)[1]


def test_a_dark_screen_matters_to_an_app_only(poco: Handy) -> None:
    with driven(poco, "input keyevent 223", "true"):
        taints, _ = findings(poco, needs_screen=True)
        assert {"SCREEN-OFF", "SCREEN-LOCKED"} <= set(taints)
        assert not {"SCREEN-OFF", "SCREEN-LOCKED"} & set(findings(poco)[0])


def test_background_work_is_seen_and_named(poco: Handy) -> None:
    with poco.phone.stream("echo $$; while :; do :; done") as busy:
        pid = int(busy.read_line(deadline_s=20) or 0)
        try:
            found = look(poco.phone, poco.info, wait=lambda _: poco.sh("sleep 1") and None).findings
        finally:
            poco.sh(f"kill -9 {pid}")
    (taint,) = [t for t in found.taints if t.id == "BUSY"]
    assert "sh " in taint.detail


def test_an_old_phone_says_what_it_cannot_tell(oppo: Handy) -> None:
    """Android 5.1 has no thermal status; the canary stands in, on each of its core groups."""
    _, missing = findings(oppo, expected_peak_bytes=1)
    assert missing["HOT"] == "thermal status came with Android 10 (API 29)" and "THROTTLED" in missing
    canary = read_canary(oppo.phone, oppo.info, runner=oppo.runner, protocol="1")
    assert set(canary) == {group.name for group in oppo.info.core_groups} and min(canary.values()) > 0
    taints, missing = findings(oppo, canary_ratio=1.5)
    assert "1.50 ×" in taints["THROTTLED"] and "THROTTLED" not in missing


def run_look(phone: Handy) -> DeviceState:
    text = phone.sh(f"{run_script(phone.info)}; {state_script(phone.info)}")
    return add_run_look(parse_state(text, phone.info), text)


@pytest.mark.parametrize("name", ["poco", "oppo"])
def test_the_look_around_a_run_shares_one_command_with_the_state(
    name: str, request: pytest.FixtureRequest
) -> None:
    phone: Handy = request.getfixturevalue(name)
    with driven(phone, "input keyevent 224", "input keyevent 223"):
        on = run_look(phone)
    off = run_look(phone)
    assert (on.screen_on, off.screen_on) == (True, False)
    assert on.battery_level_pct is not None and on.uptime_s is not None
    assert set(map(str, phone.info.allowed_cpus)) <= set(on.cpu_busy_s)
    assert on.scaling_max_khz or "scaling_max_khz" in on.missing


@pytest.fixture(scope="module")
def files(poco: Handy) -> list[str]:
    """Engine and model, on the phone."""
    engine = resolve(parse_engine("litert"), poco.info.target, cache_dir=poco.home)
    local = [
        LocalFile(what=path.name, path=path, sha256=sha256_of(path), size_bytes=path.stat().st_size)
        for path in (engine.path, CONTROL)
    ]
    ensure_files(poco.phone, poco.file, local, lambda *_: None)
    return [file.remote for file in local]


def measured(phone: Handy, files: list[str], **keys: Any) -> Measurement:
    """One real run on the phone, as its lines tell it."""
    bounds = {name: str(value) for name, value in dataclasses.asdict(BRIEF).items()}
    pairs = {"engine": "litert", "lib": files[0], "model": files[1], "delegate": "xnnpack", "threads": 1,
             "cpu_mask": f"{mask_of(phone.info.allowed_cpus[:1]):x}"}  # fmt: skip
    words = [f"{key}={value}" for key, value in {**bounds, **pairs, **keys}.items()]
    transcript = Transcript()
    for line in phone.sh(shlex.join([phone.runner, "1", "run", *words])).encode().splitlines():
        event, _ = parse_line(line)
        if event is not None:
            transcript.keep(event)
    assert transcript.complete, transcript.events
    return dataclasses.replace(
        measurement(), actual=transcript.actual(), series=transcript.series(), usage=transcript.usage(),
        warmup_status=None, state_before=None, state_after=None,
    )  # fmt: skip


def ids(phone: Handy, asked: dict[str, Any], found: Measurement, bounds: Bounds = BRIEF) -> set[str]:
    backend = {"threads": 1, "cpu_mask": mask_of(phone.info.allowed_cpus[:1])} | asked
    return {taint.id for taint in taints_of_run(job(backend=backend, bounds=bounds), found, phone.info)}


def test_a_real_run_that_did_what_was_asked_has_no_taint(poco: Handy, files: list[str]) -> None:
    assert ids(poco, {}, measured(poco, files)) == set()


def test_real_threads_that_do_not_come_are_a_taint(poco: Handy, files: list[str]) -> None:
    """This engine's built-in kernels start none for so small a model; its delegate starts all."""
    one = measured(poco, files, delegate="none", threads=4)
    assert ids(poco, {"threads": 4, "delegate": "none"}, one) == {"THREADS-DIFFER"}
    four = measured(poco, files, threads=4)
    assert ids(poco, {"threads": 4}, four) == set()


def test_a_real_run_held_against_what_it_did_not_do_is_tainted(poco: Handy, files: list[str]) -> None:
    """The delegate left out, another CPU, more inferences: as if they had been asked and ignored."""
    plain = measured(poco, files, delegate="none")
    assert ids(poco, {}, plain) == {"DELEGATE-NOT-APPLIED"}
    other = 1 << (poco.info.allowed_cpus[0] + 1)
    assert ids(poco, {"cpu_mask": other}, measured(poco, files)) == {"AFFINITY-IGNORED"}
    assert ids(poco, {}, measured(poco, files), bounds=Bounds(steady_min_n=10**6)) == {"COUNT-TOO-LOW"}
