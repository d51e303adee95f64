"""Runs devbench-runner and a bare C loop on the same engine library, for the benchmarks that compare the two."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "android-runner" / "src"
RUNNER = ROOT / "devbench" / "data" / "runners" / f"linux-{platform.machine()}" / "devbench-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One process: the median of its inferences and its resident memory after them."""

    median_ns: float
    rss_bytes: int


def engine_library() -> Path:
    spec = importlib.util.find_spec("ai_edge_litert")
    if spec is None or spec.origin is None:
        sys.exit("this benchmark needs ai-edge-litert: pip install 'devbench[virtual]'")
    return Path(spec.origin).with_name("libLiteRt.so")


def build_bare_loop(folder: Path) -> Path:
    """Compiles bare_loop.c as the runner is compiled."""
    binary = folder / "bare_loop"
    flags = ["-O2", "-std=gnu11", "-D_GNU_SOURCE", "-fno-sanitize=all", f"-I{SOURCES}", "-ldl", "-s"]
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        f"{platform.machine()}-linux-gnu.2.17",
        *flags,
    ]
    sources = [str(Path(__file__).with_name("bare_loop.c")), str(SOURCES / "inputs.c")]
    subprocess.run([*command, "-o", str(binary), *sources], check=True)
    return binary


def load_runner_build() -> ModuleType:
    """android-runner/build.py as a module (its folder's name is no Python name)."""
    spec = importlib.util.spec_from_file_location("runner_build", ROOT / "android-runner" / "build.py")
    if spec is None or spec.loader is None:
        sys.exit("android-runner/build.py is missing")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def ensure_runner() -> None:
    load_runner_build().ensure()


def run_bare(binary: Path, model: Path, *, warmup: int, runs: int, cpu: int) -> Timed:
    command = [str(binary), str(engine_library()), str(model), str(warmup), str(runs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=lambda: pin(cpu))
    result = json.loads(done.stdout)
    return Timed(median_ns=median(result["ns"]), rss_bytes=result["vm_rss_bytes"])


def run_runner(model: Path, *, warmup: int, runs: int, cpu: int) -> Timed:
    keys = {
        "engine": "litert", "lib": engine_library(), "model": model, "delegate": "xnnpack",
        "cpu_mask": f"{1 << cpu:x}",
        "warmup_min_ms": 0, "warmup_max_ms": 0, "warmup_max_n": warmup, "warmup_tolerance_pct": 0,
        "steady_min_n": runs, "steady_min_ms": 0,
    }  # fmt: skip
    command = [str(RUNNER), "1", "run", *(f"{key}={value}" for key, value in keys.items())]
    done = subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=lambda: pin(cpu))
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steady = [ns for e in events if e["event"] == "sample" and e["phase"] == "steady" for ns in e["ns"]]
    (usage,) = [e for e in events if e["event"] == "usage" and e["phase"] == "steady"]
    return Timed(median_ns=median(steady), rss_bytes=usage["vm_rss_bytes"])


def pin(cpu: int) -> None:
    os.sched_setaffinity(0, {cpu})
