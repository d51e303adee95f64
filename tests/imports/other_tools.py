"""Files as other tools write them, with numbers that tests can follow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

GOOGLE_CONTEXT = {
    "date": "2025-03-04T05:06:07+00:00", "host_name": "Pixel 2", "executable": "./bench", "num_cpus": 8,
    "mhz_per_cpu": 2400, "cpu_scaling_enabled": True, "caches": [], "load_avg": [0.1],
    "library_build_type": "release",
}  # fmt: skip


def google_row(run_name: str, real_time: float, **more: Any) -> dict[str, Any]:
    base = {
        "name": run_name, "run_name": run_name, "run_type": "iteration", "repetitions": 3, "repetition_index": 0,
        "threads": 2, "iterations": 100, "real_time": real_time, "cpu_time": real_time, "time_unit": "us",
    }  # fmt: skip
    return base | more


def google(*rows: dict[str, Any], **context: Any) -> str:
    return json.dumps({"context": GOOGLE_CONTEXT | context, "benchmarks": list(rows)})


def androidx(*benchmarks: dict[str, Any], **context: Any) -> str:
    build = {"brand": "google", "device": "walleye", "fingerprint": "google/walleye:11/x:user/release-keys",
             "model": "Pixel 2", "type": "user", "version": {"sdk": 30}}  # fmt: skip
    known = {"build": build, "cpuCoreCount": 8, "cpuLocked": True, "memTotalBytes": 3834605568}
    return json.dumps({"context": known | context, "benchmarks": list(benchmarks)})


def androidx_row(name: str, runs: list[float], metric: str = "timeNs", **more: Any) -> dict[str, Any]:
    values = {
        "minimum": min(runs),
        "maximum": max(runs),
        "median": sorted(runs)[len(runs) // 2],
        "runs": runs,
    }
    return {"name": name, "params": {}, "className": "com.example.Inference", "totalRunTimeNs": 10**9,
            "metrics": {metric: values}, "sampledMetrics": {}, "warmupIterations": 30, "repeatIterations": 5,
            "thermalThrottleSleepSeconds": 0} | more  # fmt: skip


LOG = """STARTING!
Num threads: [{threads}]
Graph: [{graph}]
Use xnnpack: [0]
Loaded model {graph}
The input model file size (MB): 16.9008
Initialized session in 10.5ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=1 curr=9000

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=8000 curr=8000 min=7900 max=8100 avg={average} std=10

Inference timings in us: Init: 10500, First inference: 9000, Warmup (avg): 9000, Inference (avg): {average}
"""


def log(*averages_us: int, graph: str = "/sdcard/mobilenet.tflite", threads: int = 4) -> str:
    return "".join(LOG.format(graph=graph, threads=threads, average=average) for average in averages_us)


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path
