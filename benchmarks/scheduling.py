"""What a lab of hosts adds to a session: the same short run on one phone, directly and through scheduler and agent.

`python benchmarks/scheduling.py`; needs the extra `dask`. The difference of the medians is the cost of one session:
submitting it, giving its plan, copying its ledger. A session of profile `standard` takes minutes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from bare import ROOT
from phones import lab

from devbench import store
from devbench.adb import Server
from devbench.conditions import GATE_IDS
from devbench.devices import Selection, select
from devbench.domain.event import Event
from devbench.domain.job import Bounds, Profile
from devbench.graph.model_file import read_variant
from devbench.lab.keys import make_keys
from devbench.lab.link import Lab, connected, phones_of
from devbench.lab.submit import submit
from devbench.plan import Choices
from devbench.session import Limits, RunRequest, prepare, run

MODEL = ROOT / "devbench" / "data" / "models" / "and-gate.tflite"
SESSIONS = 7
TARGET_S = 5.0
START_S = 120.0
SHORT = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=1, warmup_block_ms=0, steady_min_n=3, steady_min_ms=0
)


def quiet(event: Event) -> None:
    """Nobody reads along."""


def once(base: Path, selection: Selection, server: Server, far: Lab | None) -> float:
    """Seconds of one session of one job, from its plan to its last record."""
    profile = Profile(name="scheduling", rounds=1, bounds=SHORT, passes=("latency",), careful=False)
    request = RunRequest(
        variants=(read_variant(MODEL),), profile=profile, rounds=1, seed=0, choices=Choices(), engine_cache=base,
        allow=frozenset(GATE_IDS),
    )  # fmt: skip
    prepared = prepare(request, selection, now=datetime.now())
    folder = store.create(base / "runs", prepared.header.run_id)
    folder.write_header(prepared.header)
    begun_s = time.perf_counter()
    if far is None:
        outcome = run(prepared, folder, server, quiet, limits=Limits())
    else:
        outcome = submit(prepared, folder, far, quiet, limits=Limits())
    seconds = time.perf_counter() - begun_s
    if outcome.counts.get("ok") != 1:
        sys.exit(f"the session failed: {outcome}")
    return seconds


@contextlib.contextmanager
def hosts(base: Path, server: Server) -> Iterator[Lab]:
    """A scheduler and an agent of this computer, as commands."""
    keys = base / "keys"
    make_keys(keys)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = os.environ | {
        "DEVBENCH_HOME": str(base / "home"), "ANDROID_ADB_SERVER_PORT": str(server.address.port)
    }  # fmt: skip
    devbench = [sys.executable, "-m", "devbench"]
    commands = (
        [*devbench, "lab", "scheduler", "--listen", address, "--keys", str(keys)],
        [*devbench, "agent", "--scheduler", address, "--keys", str(keys)],
    )
    processes = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        for command in commands
    ]
    try:
        yield Lab(address=address, keys=keys)
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def until_there(far: Lab) -> Selection:
    """The lab's phone, once its host has connected."""
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        with contextlib.suppress(Exception), connected(far) as link:
            found = phones_of(link, "all")
            if found.devices:
                return found
        time.sleep(0.2)
    sys.exit(f"no phone in the lab within {START_S:g} s")


def main() -> int:
    with lab("pixel-2-xl") as (server, _, _), tempfile.TemporaryDirectory() as text:
        base = Path(text)
        near = select(server)
        direct_s = [once(base, near, server, None) for _ in range(SESSIONS)]
        with hosts(base, server) as far:
            there = until_there(far)
            lab_s = [once(base, there, server, far) for _ in range(SESSIONS)]
    # the first of each pushes files
    direct, by_lab = median(direct_s[1:]), median(lab_s[1:])
    print(f"a session directly       {direct:.2f}  s")
    print(f"the same through a lab   {by_lab:.2f}  s")
    print(f"scheduling, a session    {by_lab - direct:.2f}  s  target <= {TARGET_S:g}")
    return 0 if by_lab - direct <= TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
