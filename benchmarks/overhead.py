"""What the host costs between jobs: one job's exit to the next job's first line, and a job's end to its fsync.

Measured on a virtual phone, with many jobs of one tiny model; the host's own clock is read where the lines arrive.
`python benchmarks/overhead.py`; targets in ms, each to be at most.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles

from devbench import store, virtual
from devbench.adb import Server
from devbench.devices import select
from devbench.domain.event import Event, JobEnded
from devbench.domain.job import Bounds, Profile
from devbench.domain.measurement import Measurement
from devbench.graph.model_file import read_variant
from devbench.plan import Choices
from devbench.runners.protocol import Transcript
from devbench.session import RunRequest, prepare, run

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "devbench" / "data" / "models" / "and-gate.tflite"
JOBS = 60
TARGET_MS = 100.0
SHORT = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=1, warmup_block_ms=0, steady_min_n=3, steady_min_ms=0
)


class Clock:
    """When lines of jobs arrive and records are on the disk, by the host's clock."""

    def __init__(self) -> None:
        self.exit_s: float | None = None
        self.end_s: float | None = None
        self.between_ms: list[float] = []
        self.kept_ms: list[float] = []

    def line(self, name: str) -> None:
        now_s = time.perf_counter()
        if name == "hello" and self.exit_s is not None:
            self.between_ms.append((now_s - self.exit_s) * 1e3)
        elif name == "end":
            self.end_s = now_s
        elif name == "exit":
            self.exit_s = now_s

    def kept(self) -> None:
        if self.end_s is not None:
            self.kept_ms.append((time.perf_counter() - self.end_s) * 1e3)


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Lines and records are seen where they pass; both calls go on as they were."""
    keep, append = Transcript.keep, store.RunFolder.append

    def keep_timed(transcript: Transcript, event: dict[str, object]) -> None:
        clock.line(str(event["event"]))
        keep(transcript, event)

    def append_timed(folder: store.RunFolder, measurement: Measurement) -> None:
        append(folder, measurement)
        clock.kept()

    Transcript.keep, store.RunFolder.append = keep_timed, append_timed  # type: ignore[method-assign]
    try:
        yield
    finally:
        Transcript.keep, store.RunFolder.append = keep, append  # type: ignore[method-assign]


def measure(name: str, base: Path) -> Clock:
    home, clock, failed = base / "home", Clock(), []

    def emit(event: Event) -> None:
        if isinstance(event, JobEnded) and event.measurement.status != "ok":
            failed.append(event.measurement.failure)

    address = virtual.private_server(home=home)
    try:
        virtual.up([name], server=address, home=home)
        profile = Profile(name="overhead", rounds=JOBS, bounds=SHORT, careful=False)
        request = RunRequest(
            variants=(read_variant(MODEL),), profile=profile, rounds=JOBS, seed=0, choices=Choices(),
            engine_cache=home / "engines",
        )  # fmt: skip
        prepared = prepare(request, select(Server(address)), now=datetime.now())
        folder = store.create(base, name)
        folder.write_header(prepared.header)
        with watched(clock):
            run(prepared, folder, Server(address), emit)
    finally:
        virtual.down(None, home=home)
        virtual.stop_private_server(home=home)
    if failed:
        raise SystemExit(f"{name}: {len(failed)} jobs failed: {failed[0]}")
    return clock


def main() -> int:
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in virtual.DEFAULT_PHONES:
            clock = measure(name, Path(folder) / name)
            figures = (("exit to next first line", clock.between_ms), ("end to fsync", clock.kept_ms))
            for what, values in figures:
                print(f"{name}: {what}, median  {median(values):.1f}  ms")
                print(f"{name}: {what}, p90  {quantiles(values, n=10)[-1]:.1f}  ms")
            both_ms = sum(median(values) for _, values in figures)
            print(f"{name}: both, median  {both_ms:.1f}  ms  target <= {TARGET_MS:g}")
            good = good and both_ms <= TARGET_MS
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
