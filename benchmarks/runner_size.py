"""What devbench-runner costs: bytes of each binary (≤ 100 KB), memory beyond engine and model (≤ 1 MB).

The memory is the resident set after the same inferences, less that of a bare C loop on the same engine library.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from bare import ROOT, RUNNER, build_bare_loop, ensure_runner, run_bare, run_runner

ROUNDS = 5


def main() -> int:
    ensure_runner()
    good = True
    manifest = json.loads((RUNNER.parents[1] / "manifest.json").read_text("utf-8"))
    for target, entry in manifest["targets"].items():
        good = good and entry["bytes"] <= 100_000
        print(f"runner_size {target} {entry['bytes']} bytes (≤ 100000)")
    cpu = max(os.sched_getaffinity(0))
    model = ROOT / "devbench" / "data" / "models" / "control.tflite"
    with tempfile.TemporaryDirectory() as folder:
        binary = build_bare_loop(Path(folder))
        bare = median(run_bare(binary, model, warmup=5, runs=20, cpu=cpu).rss_bytes for _ in range(ROUNDS))
        own = median(run_runner(model, warmup=5, runs=20, cpu=cpu).rss_bytes for _ in range(ROUNDS))
    good = good and own - bare <= 1_000_000
    print(
        f"runner_rss {own - bare:.0f} bytes beyond engine and model (≤ 1000000; {own:.0f} against {bare:.0f})"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
