"""Planted effects are measured as they are: the runner reports what the engine did, not what it was asked for."""

from __future__ import annotations

import importlib.util
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import ROOT, Ended, Runner


def load_paced() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paced", ROOT / "tests" / "engines" / "paced.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PACED = load_paced()


@pytest.fixture(scope="module")
def paced(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return replace(runner, library=PACED.build_paced(tmp_path_factory.mktemp("engine")))


def run(paced: Runner, tmp_path: Path, keys: dict[str, Any] | None = None, **behaviour: object) -> Ended:
    model = PACED.write_paced(tmp_path / "paced.tflite", **behaviour)
    return paced.run(model, **({"engine": "tflite"} | (keys or {})))


def samples(ended: Ended, phase: str = "steady") -> list[int]:
    return [ns for e in ended.all("sample") if e["phase"] == phase for ns in e["ns"]]


def test_a_latency_is_measured_as_it_is(paced: Runner, tmp_path: Path) -> None:
    """Never shorter, and the least disturbed one hardly longer."""
    ended = run(paced, tmp_path, {"steady_min_n": 40}, latency_us=2000)
    assert ended.code == 0, ended.events
    assert 2_000_000 <= min(samples(ended)) < 2_100_000
    assert min(samples(ended, "first")) >= 2_000_000


def test_heating_belongs_to_the_phone_and_not_to_the_process(paced: Runner, tmp_path: Path) -> None:
    """Cold in the first process, half warm in the second, and as hot as it gets from the third on."""
    hot = {"heat_pct": 100, "heat_n": 2, "heat_file": tmp_path / "heat"}
    least = []
    for _ in range(4):
        ended = run(paced, tmp_path, {"steady_min_n": 40}, latency_us=1000, **hot)
        least.append(min(samples(ended)) / 1e6)
    assert least == pytest.approx([1, 1.5, 2, 2], rel=0.2) and sorted(least)[:2] == least[:2]
    assert [low >= planted for low, planted in zip(least, (1, 1.5, 2, 2), strict=True)] == [True] * 4


def test_phases_are_told_apart(paced: Runner, tmp_path: Path) -> None:
    ended = run(paced, tmp_path, latency_us=500, first_us=20000, load_us=30000)
    (load,), (first,) = samples(ended, "load"), samples(ended, "first")
    assert load >= 30_000_000 and first >= 20_500_000
    assert ended.one("loaded")["load_steps_ns"]["compile"] >= 30_000_000
    assert min(samples(ended)) < 20_000_000


def test_warm_up_lasts_until_blocks_agree(paced: Runner, tmp_path: Path) -> None:
    """The first block of three is slow, so the second cannot agree with it: three blocks at least."""
    keys = {"warmup_max_n": 300, "warmup_block_n": 3, "warmup_tolerance_pct": 20}
    ended = run(paced, tmp_path, keys, latency_us=1000, warmup_n=4, warmup_pct=500)
    warm = samples(ended, "warmup")
    assert ended.one("warmup")["status"] == "stable"
    assert min(warm[:3]) >= 6_000_000 and len(warm) >= 9
    assert min(samples(ended)) < 2_000_000


def test_a_step_and_a_drift_show_in_the_raw_samples(paced: Runner, tmp_path: Path) -> None:
    step = samples(run(paced, tmp_path, {"steady_min_n": 40}, latency_us=1000, step_at=24, step_pct=100))
    assert min(step[:20]) < 1_500_000 and min(step[21:]) >= 2_000_000
    drift = samples(run(paced, tmp_path, {"steady_min_n": 40}, latency_us=1000, drift_n=43, drift_pct=200))
    assert min(drift[:10]) < 2_000_000 and min(drift[30:]) >= 2_500_000


def test_waiting_costs_no_cpu_time(paced: Runner, tmp_path: Path) -> None:
    def cpu_ns(**behaviour: object) -> int:
        ended = run(paced, tmp_path, {"steady_min_n": 30}, latency_us=3000, **behaviour)
        (usage,) = [e for e in ended.all("usage") if e["phase"] == "steady"]
        return int(usage["utime_ns"] + usage["stime_ns"])

    assert 5 * cpu_ns(sleep=1) < cpu_ns()


def test_memory_of_the_engine_shows_in_the_peak_of_load(paced: Runner, tmp_path: Path) -> None:
    def peak(kb: int) -> int:
        load, _ = run(paced, tmp_path, latency_us=10, allocate_kb=kb).all("usage")
        return int(load["vm_hwm_bytes"])

    assert 30_000_000 < peak(32_000) - peak(0) < 36_000_000


@pytest.mark.parametrize(("most", "live"), [(4, 4), (2, 2), (1, 1)])
def test_fewer_threads_than_asked_are_seen(paced: Runner, tmp_path: Path, most: int, live: int) -> None:
    ended = run(paced, tmp_path, {"threads": 4}, latency_us=10, threads_max=most)
    assert (ended.one("loaded")["threads_asked"], ended.one("readback")["threads"]) == (4, live)


@pytest.mark.parametrize(
    ("behaviour", "applied", "fully", "taken", "pieces"),
    [("takes", "xnnpack", True, 10, 1), ("partly", "xnnpack", False, 5, 2), ("lies", "none", False, 0, 0)],
)
def test_a_delegate_is_judged_by_what_it_took(
    paced: Runner, tmp_path: Path, behaviour: str, applied: str, fully: bool, taken: int, pieces: int
) -> None:
    """One that says yes and takes nothing is `none`, whatever was asked."""
    loaded = run(paced, tmp_path, latency_us=10, nodes=10, delegate=behaviour).one("loaded")
    assert loaded["delegate_asked"] == "xnnpack"
    assert (loaded["delegate_applied"], loaded["fully_delegated"]) == (applied, fully)
    assert (loaded["delegated_nodes"], loaded["nodes"], loaded["partitions"]) == (taken, 10, pieces)


def test_a_delegate_that_refuses_is_an_error_not_a_fallback(paced: Runner, tmp_path: Path) -> None:
    ended = run(paced, tmp_path, latency_us=10, delegate="refuses")
    assert ended.code == 1 and ended.one("error")["kind"] == "delegate-refused"
    assert run(paced, tmp_path, {"delegate": "none"}, latency_us=10, delegate="refuses").code == 0


def test_operators_are_timed_one_by_one(paced: Runner, tmp_path: Path) -> None:
    ended = run(paced, tmp_path, {"pass": "ops"}, latency_us=4000, nodes=4, delegate="partly")
    ops = ended.all("op")
    assert [op["type"] for op in ops] == ["TfLiteXNNPackDelegate", "PACED", "PACED"]
    assert [op["delegate"] for op in ops] == ["xnnpack", None, None]
    assert {op["calls"] for op in ops} == {5}
    assert ops[0]["mean_ns"] >= 2_000_000 and all(op["mean_ns"] >= 1_000_000 for op in ops[1:])


def test_words_of_the_engine_are_kept_and_sharpen_the_error(paced: Runner, tmp_path: Path) -> None:
    words = "Didn't find op for builtin opcode 'NEW_OP' version '3'."
    ended = run(
        paced, tmp_path, {"err": tmp_path / "err"}, message=words, delegate="refuses", version="2.4.0"
    )
    error = ended.one("error")
    assert error["kind"] == "unsupported-op" and "NEW_OP" in error["message"] and "2.4.0" in error["message"]
    assert words in [e["text"] for e in ended.all("log")]


def test_an_inference_that_fails(paced: Runner, tmp_path: Path) -> None:
    """What was measured before stays, the failing inference is no sample."""
    ended = run(paced, tmp_path, {"steady_min_n": 50}, latency_us=10, fail_at=9)
    error = ended.one("error")
    assert (ended.code, error["kind"], error["step"], error["code"]) == (1, "engine", "invoke", 1)
    assert len(samples(ended)) == 5 and ended.one("end")["status"] == "failed"


def test_a_model_that_the_engine_refuses(paced: Runner, tmp_path: Path) -> None:
    error = run(paced, tmp_path, load_fails=1).one("error")
    assert (error["kind"], error["step"]) == ("bad-model", "model")


@pytest.mark.parametrize(
    ("behaviour", "number"),
    [({"crash_at": 5}, signal.SIGSEGV), ({"abort_at": 5}, signal.SIGABRT), ({"crash_at": 0}, signal.SIGSEGV)],
    ids=["crash", "abort", "crash-while-loading"],
)
def test_a_crash_leaves_the_lines_before_it_and_its_signal(
    paced: Runner, tmp_path: Path, behaviour: dict[str, object], number: int
) -> None:
    out = tmp_path / "out.jsonl"
    run(paced, tmp_path, {"out": out, "detach": 1}, latency_us=10, **behaviour)
    followed = paced.call("follow", out)
    assert followed.events[0]["event"] == "hello" and not followed.all("end")
    assert followed.one("exit") == {"event": "exit", "code": None, "signal": number}


def test_a_hang_is_ended_by_stop(paced: Runner, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(paced, tmp_path, {"out": out, "detach": 1}, latency_us=10, hang_at=2)
    for _ in range(3000):
        if '"first"' in out.read_text():
            break
        time.sleep(0.01)
    assert paced.call("stop", out).one("stopped")
    assert paced.call("follow", out).one("exit")["signal"] == signal.SIGTERM


def planted_noise(seed: int, count: int) -> list[float]:
    """Uniform draws in -1 … 1 as paced.c makes them: splitmix64."""
    mask, state, draws = 2**64 - 1, seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        draws.append(((z ^ z >> 31) >> 11) / 2**53 * 2 - 1)
    return draws


@pytest.mark.parametrize("seed", [3, 4])
def test_planted_noise_follows_its_seed(paced: Runner, tmp_path: Path, seed: int) -> None:
    """Every inference lasts at least what its draw says, and the least disturbed one hardly longer."""
    ended = run(paced, tmp_path, {"steady_min_n": 12}, latency_us=1500, noise_pct=90, seed=seed)
    measured = samples(ended, "first") + samples(ended, "warmup") + samples(ended)
    planted = [1_500_000 * (1 + 0.9 * draw) for draw in planted_noise(seed, len(measured))]
    ratios = [ns / least for ns, least in zip(measured, planted, strict=True)]
    assert 0.999 < min(ratios) < 1.1 and max(planted) > 2 * min(planted)


def test_the_paced_engine_is_never_shipped(build: ModuleType) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "devbench", "android-runner"], cwd=ROOT, capture_output=True, text=True
    )
    assert "paced" not in listed.stdout
    assert not list(build.DEFAULT_OUT.rglob("*paced*"))
