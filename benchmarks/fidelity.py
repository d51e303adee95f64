"""Median latency by devbench-runner against a bare C loop on the same engine library: should be 0.98–1.02.

Both are built by zig, pinned to the same core, and take turns (ABBA); one ratio a round, their geometric mean with
its 95 % interval. Run it on a machine that does nothing else.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev

from bare import ROOT, build_bare_loop, ensure_runner, run_bare, run_runner

MODELS = {"control": (60, 300), "small-cnn-fp32": (300, 4000)}  # warm-up and timed inferences
ROUNDS = 12
T_975 = 2.201  # 11 degrees of freedom


def ratio_of(model: Path, warmup: int, runs: int, binary: Path) -> tuple[float, float, float]:
    cpu = max(os.sched_getaffinity(0))
    logs = []
    for round_number in range(ROUNDS):
        times = {}
        for who in ("bare", "runner") if round_number % 2 else ("runner", "bare"):
            timed = (
                run_bare(binary, model, warmup=warmup, runs=runs, cpu=cpu)
                if who == "bare"
                else run_runner(model, warmup=warmup, runs=runs, cpu=cpu)
            )
            times[who] = timed.median_ns
        logs.append(math.log(times["runner"] / times["bare"]))
    half = T_975 * stdev(logs) / math.sqrt(ROUNDS)
    return math.exp(mean(logs)), math.exp(mean(logs) - half), math.exp(mean(logs) + half)


def main() -> int:
    ensure_runner()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        binary = build_bare_loop(Path(folder))
        for name, (warmup, runs) in MODELS.items():
            model = ROOT / "devbench" / "data" / "models" / f"{name}.tflite"
            ratio, low, high = ratio_of(model, warmup, runs, binary)
            good = good and 0.98 <= ratio <= 1.02
            print(f"fidelity {name} {ratio:.4f} [{low:.4f}, {high:.4f}] (0.98–1.02, {ROUNDS} rounds)")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
