"""Phones, jobs and measurements as a test needs them, with nothing wrong unless a test says so."""

from __future__ import annotations

import dataclasses
from typing import Any

from devbench.domain.device import DeviceInfo, DeviceState
from devbench.domain.job import Backend, Bounds, Job
from devbench.domain.measurement import Actual, Measurement, Series, Usage

MS = 1_000_000


def info(**changes: Any) -> DeviceInfo:
    made = DeviceInfo(
        device="toy-123456", serial="S1", serialno="S1", manufacturer="Toy", model="Toy", product=None,
        android_release="14", sdk=34, fingerprint="toy/1", build_type="user", soc=None,
        target="android-arm64-v8a", abis=("arm64-v8a",), cores=(), core_groups=(), allowed_cpus=(0, 1, 2, 3),
        ram_bytes=None, page_size_bytes=None, kernel=None, shell_v2=True,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def state(**changes: Any) -> DeviceState:
    made = DeviceState(
        taken_at="2026-01-01T00:00:00+00:00",
        uptime_s=4000.0,
        battery_level_pct=80.0,
        battery_temperature_c=25.0,
        battery_status="charging",
        plugged="usb",
        thermal_status=0,
        temperatures_c={"cpu0": 30.0},
        mem_available_bytes=2 << 30,
        screen_on=True,
        scaling_max_khz={"2": 2_000_000, "3": 2_000_000},
        cpu_busy_s={"0": 100.0, "1": 100.0, "2": 100.0, "3": 100.0},
    )
    return dataclasses.replace(made, **changes)


def job(*, backend: dict[str, Any] | None = None, **changes: Any) -> Job:
    asked = Backend(
        engine="tflite", engine_version=None, engine_sha256=None, delegate="xnnpack", threads=2, cores="big",
        cpu_mask=0b1100,
    )  # fmt: skip
    made = Job(
        job_id="j", device="toy-123456", variant="v", backend=dataclasses.replace(asked, **(backend or {})),
        runner="native", abi="arm64-v8a", pass_name="latency", round=1, position=0, bounds=Bounds(),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def busy_after(n: int) -> dict[str, float]:
    """Seconds of work by CPU after a run of `n` inferences."""
    busy_s = 101.4 + n * 0.05
    return {"0": 100.0, "1": 100.0, "2": busy_s, "3": busy_s}


def measurement(*, actual: dict[str, Any] | None = None, n: int = 50, **changes: Any) -> Measurement:
    """50 inferences of 50 ms on CPUs 2 and 3, two threads, both at work, after 1.5 s of load and warm-up."""
    ran = Actual(
        engine="tflite", engine_version="2.16.1", abi="arm64-v8a", runner_version="1", delegate="xnnpack",
        fully_delegated=True, delegated_nodes=7, nodes=7, partitions=1, threads=2, cpus_allowed="2-3",
        cpus_used=(2, 3),
    )  # fmt: skip
    made = Measurement(
        job_id="j", attempt=1, status="ok", started_at="", device="toy-123456", variant="v", runner="native",
        pass_name="latency", round=1, position=0, actual=dataclasses.replace(ran, **(actual or {})),
        series=(Series(phase="load", values_ns=(500 * MS,), start_ns=0),
                Series(phase="steady", values_ns=(50 * MS,) * n, start_ns=1500 * MS)),
        usage=(Usage(phase="steady", wall_ns=n * 50 * MS, utime_ns=2 * n * 50 * MS, stime_ns=0),),
        warmup_status="stable", state_before=state(),
        state_after=state(uptime_s=4001.5 + n * 0.05, cpu_busy_s=busy_after(n)),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)
