"""How much of a standard run's wall time is measuring, and the waits that the protocol asks for.

The whole command is timed, from its start to its exit, reports included; what its processes on the phone took is
their own word. Rounds are as many as the profile adds. `python benchmarks/share.py`; the share should be ≥ 0.95.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from phones import lab

from devbench.conditions import GATE_IDS
from devbench.store import RunFolder

ROOT = Path(__file__).resolve().parents[1]
MODELS = [
    ROOT / "devbench" / "data" / "models" / f"small-cnn-{name}.tflite" for name in ("fp32", "fp16", "int8")
]
TARGET = 0.95


def measured_s(folder: RunFolder) -> float:
    """What the processes took, from their start to their last line, by the phone's clock."""
    text = "".join(path.read_text() for path in (folder.path / "logs").glob("*.txt"))
    ends = [json.loads(line) for line in re.findall(r'^\{"event": "end".*$', text, re.MULTILINE)]
    return sum(end["wall_ns"] for end in ends) / 1e9


def main() -> int:
    with lab("pixel-2-xl") as (server, phones, home), tempfile.TemporaryDirectory() as results:
        command = [
            sys.executable, "-m", "devbench", "run", *map(str, MODELS), "--profile", "standard",
            "--allow", ",".join(GATE_IDS), "--device", phones[0].serial, "--out", results, "--quiet",
        ]  # fmt: skip
        environment = os.environ | {
            "ANDROID_ADB_SERVER_PORT": str(server.address.port), "DEVBENCH_HOME": str(home),
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        began = time.perf_counter()
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        wall_s = time.perf_counter() - began
        folder = RunFolder(next(Path(results).glob("*/run.json")).parent)
        kept = folder.read()
        rounds = max(job.round for job in kept.header.jobs)
        waits_s = sum(session.waited_s + session.rested_s for session in kept.sessions)
        processes_s = measured_s(folder)
    share = (processes_s + waits_s) / wall_s
    print(
        f"standard run of 3 models on a virtual phone, {rounds} rounds: {wall_s:.1f} s, "
        f"of it in processes {processes_s:.1f} s,"
    )
    print(f"in waits of the protocol {waits_s:.1f} s: share  {share:.3f}  target >= {TARGET}")
    return 0 if share >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
