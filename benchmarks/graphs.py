"""TensorFlow Mobile beside TensorFlow's C API: the same graph, on this CPU, one thread each, as a ratio.

No target: it shows what the talk's runtime costs against today's. TF Mobile runs on an Android userland (env
DEVBENCH_RIG, root), TensorFlow here; they take turns. Judged is that their outputs agree within 1e-4.
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

import numpy as np
from bare import RUNNER, ensure_runner, pin
from userland import userland

from devbench.engines import parse_engine, resolve

VERSIONS = ("1.4.0", "1.13.1")
SIZE, WARMUP, RUNS, ROUNDS = 96, 5, 20, 5
T_975 = 2.776  # 4 degrees of freedom
PARITY = 1e-4
PHONE = Path("data/local/tmp")
# MobileNet 0.25 with seeded weights, frozen: what Keras 3 leaves
MAKE = """
import sys, keras, numpy as np, tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
keras.utils.set_random_seed(1)
shape = (int(sys.argv[2]), int(sys.argv[2]), 3)
model = keras.applications.MobileNet(shape, alpha=0.25, weights=None, classifier_activation=None)
random = np.random.default_rng(3)  # batch norms of an untrained network would let the numbers vanish
for weight in model.weights:
    if weight.path.endswith(("moving_variance", "gamma")):
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    elif weight.path.endswith(("moving_mean", "beta")):
        weight.assign(random.normal(0.0, 0.3, weight.shape))
signature = tf.TensorSpec((1, *shape), tf.float32, name="image")
function = tf.function(lambda image: model(image, training=False)).get_concrete_function(signature)
graph = convert_variables_to_constants_v2(function).graph.as_graph_def()
open(sys.argv[1], "wb").write(graph.SerializeToString())
"""


def make_graph(folder: Path, version: str) -> Path:
    """The graph as that version can load it."""
    frozen, older = folder / "frozen.pb", folder / f"graph-{version}.pb"
    if not frozen.exists():
        subprocess.run([sys.executable, "-c", MAKE, frozen, str(SIZE)], check=True, capture_output=True)
    subprocess.run(
        [sys.executable, "-m", "devbench", "transform", "--in-graph", frozen, "--out-graph", older, "--inputs",
         "image", "--outputs", "Identity", "--transforms", f"downgrade_ops(runtime=tfmobile-{version})"],
        check=True, capture_output=True,
    )  # fmt: skip
    return older


def measure(command: list[object], outputs: Path, cpu: int) -> tuple[float, np.ndarray]:
    """Median steady latency in ns and the output of one process."""
    shutil.rmtree(outputs, ignore_errors=True)
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=True, preexec_fn=lambda: pin(cpu)
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steady = [ns for e in events if e.get("phase") == "steady" for ns in e.get("ns", ())]
    return median(steady), np.fromfile(outputs / "output_0.bin", np.float32)


def keys(engine: str, library: object, model: object, outputs: object) -> list[object]:
    words = f"delegate=none threads=1 feed=image fetch=Identity inputs=random:0 warmup_max_n={WARMUP}"
    words += f" warmup_min_ms=0 warmup_max_ms=0 warmup_tolerance_pct=0 steady_min_n={RUNS} steady_min_ms=0"
    files = [f"lib={library}", f"model={model}", f"outputs={outputs}"]
    return ["1", "run", f"engine={engine}", *files, *words.split()]


def compare(root: Path, graph: Path, version: str, tensorflow: Path, cpu: int) -> bool:
    cache = Path(os.environ.get("DEVBENCH_HOME") or user_cache()) / "engines"
    library = resolve(parse_engine(f"tfmobile@{version}"), "android-x86_64", cache_dir=cache).path
    shutil.copy(library, root / PHONE / "engine.so")
    shutil.copy(graph, root / PHONE / "graph.pb")
    there = ["chroot", root, f"/{PHONE}/runner"]
    there += keys("tfmobile", f"/{PHONE}/engine.so", f"/{PHONE}/graph.pb", f"/{PHONE}/outputs")
    here = [RUNNER, *keys("tensorflow", tensorflow, graph, graph.parent / "outputs")]
    logs, apart = [], 0.0
    for _ in range(ROUNDS):
        old, seen = measure(there, root / PHONE / "outputs", cpu)
        new, expected = measure(here, graph.parent / "outputs", cpu)
        logs.append(math.log(old / new))
        if not np.isfinite(expected).all() or np.ptp(expected) < 0.01:
            sys.exit("the graph computes nothing that could be compared")
        apart = max(apart, float(np.abs(seen - expected).max()))
    half = T_975 * stdev(logs) / math.sqrt(ROUNDS)
    average, low, high = (math.exp(mean(logs) + k * half) for k in (0, -1, 1))
    print(
        f"graphs tfmobile {version} against tensorflow: {average:.2f} × its time [{low:.2f}, {high:.2f}] "
        f"(last round {old / 1e6:.2f} against {new / 1e6:.2f} ms); outputs within {apart:.1e} (≤ {PARITY:.0e})"
    )
    return apart <= PARITY


def user_cache() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("devbench")


def main() -> int:
    rig, spec = os.environ.get("DEVBENCH_RIG"), importlib.util.find_spec("tensorflow")
    if rig is None or os.geteuid() != 0 or spec is None or spec.origin is None:
        print("graphs skipped: it needs DEVBENCH_RIG, root and TensorFlow")
        return 0
    ensure_runner()
    tensorflow = Path(spec.origin).with_name("libtensorflow_cc.so.2")
    cpu, good = max(os.sched_getaffinity(0)), True
    with tempfile.TemporaryDirectory() as folder, userland(Path(rig), root := Path(folder) / "root"):
        runner = RUNNER.parents[1] / "android-x86_64" / RUNNER.name
        shutil.copy(runner, root / PHONE / "runner")
        for version in VERSIONS:
            good = compare(root, make_graph(Path(folder), version), version, tensorflow, cpu) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
