"""One host, many phones: the time of 32 against that of one, and what the host itself spends on them.

    python benchmarks/many_phones.py [--phones 32] [--rounds N]

Phones are virtual and share cores; their engine sleeps, so that a phone is bound by time as a real one is and needs
no core of this computer. The host is this process, which does what `devbench run` does: its CPU time against the
wall, its resident memory while measurements come in, and its connections to the adb server.
"""

from __future__ import annotations

import argparse
import dataclasses
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from phones import lab
from planted_engines import paced_engine, write_paced

from devbench import store
from devbench.adb import Server
from devbench.conditions import GATE_IDS
from devbench.console import Progress
from devbench.devices import select
from devbench.domain.event import Event, JobEnded, JobStarted
from devbench.domain.job import Bounds, Profile
from devbench.graph.model_file import read_variant
from devbench.plan import Choices
from devbench.session import Limits, RunRequest, prepare, run

PROFILE = "pixel-2-xl"
RATIO, CORES, GROWTH = 1.1, 1.0, 1.1
# a session of profile `standard`: three variants in eight rounds, each process a second of warm-up, two of samples
BOUNDS = Bounds(warmup_min_ms=1000, warmup_max_ms=1000, steady_min_n=50, steady_min_ms=2000)


class Host:
    """What this process spends: a sample of its memory every half second, by the share of jobs that are done."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self.done = 0
        self.failed: list[Any] = []
        self.began_s: dict[str, float] = {}  # when a phone's first process was started
        self.rss_bytes: list[tuple[float, int]] = []
        self.connections = 0

    def event(self, event: Event) -> None:
        if isinstance(event, JobStarted):
            self.began_s.setdefault(event.job.device, time.perf_counter())
        if isinstance(event, JobEnded):
            self.done += 1
            if event.measurement.status != "ok":
                self.failed.append(event.measurement.failure)

    @contextmanager
    def watched(self) -> Iterator[None]:
        over = threading.Event()
        connection = Server.connection

        def counted(server: Server, deadline: Any) -> Any:
            self.connections += 1
            return connection(server, deadline)

        def sample() -> None:
            while not over.wait(0.5):
                self.rss_bytes.append((self.done / self._jobs, rss_bytes()))

        thread = threading.Thread(target=sample)
        Server.connection = counted  # type: ignore[method-assign]
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            Server.connection = connection  # type: ignore[method-assign]

    @property
    def growth(self) -> float | None:
        """Memory near the end against memory once every phone measures."""
        early = [size for share, size in self.rss_bytes if 0.1 <= share < 0.4]
        late = [size for share, size in self.rss_bytes if share >= 0.7]
        return median(late) / median(early) if early and late else None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spent:
    """One session: seconds of wall, of them until the last phone's first process, and of this process's CPU.

    Then adb connections a job, and memory (growth, most).
    """

    phones: int
    jobs: int
    wall_s: float
    began_s: float
    cpu_s: float
    connections: int
    growth: float | None
    most_bytes: int
    failed: int


def rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def session(server: Server, serials: list[str], base: Path, engine: str, rounds: int) -> Spent:
    """A whole run on those phones: selected, planned, measured, kept."""
    variants = tuple(
        read_variant(write_paced(base / f"{name}.tflite", latency_us=5000, noise_pct=2, sleep=1))
        for name in "abc"
    )
    profile = Profile(name="paced", rounds=rounds, bounds=BOUNDS, passes=("latency",))
    request = RunRequest(
        variants=variants, profile=profile, rounds=rounds, seed=0, engine_cache=base, allow=frozenset(GATE_IDS),
        choices=Choices(engines=(engine,)),
    )  # fmt: skip
    with Progress(quiet=False) as progress:
        begun_s, cpu_s = time.perf_counter(), time.process_time()
        prepared = prepare(request, select(server, ",".join(serials)), now=datetime.now())
        folder = store.create(base / "runs", f"{len(serials)}-{time.time_ns()}")
        folder.write_header(prepared.header)
        host = Host(prepared.todo)

        def emit(event: Event) -> None:
            host.event(event)
            progress.event(event)

        with host.watched():
            run(prepared, folder, server, emit, limits=Limits())
    return Spent(
        phones=len(serials), jobs=prepared.todo, wall_s=time.perf_counter() - begun_s,
        began_s=max(host.began_s.values()) - begun_s, cpu_s=time.process_time() - cpu_s,
        connections=host.connections, growth=host.growth,
        most_bytes=max((size for _, size in host.rss_bytes), default=0), failed=len(host.failed),
    )  # fmt: skip


def show(spent: Spent) -> None:
    growth = "–" if spent.growth is None else f"{spent.growth:.3f}"
    print(
        f"{spent.phones:>3} phones: {spent.jobs} jobs in {spent.wall_s:.1f} s, the last phone began after "
        f"{spent.began_s:.1f} s, {spent.failed} failed; host CPU {spent.cpu_s:.1f} s, "
        f"{1e3 * spent.cpu_s / spent.jobs:.1f} ms a job; {spent.connections / spent.jobs:.1f} adb connections "
        f"a job; memory {spent.most_bytes / 2**20:.0f} MiB, late against early {growth}",
        flush=True,
    )


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--phones", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--only-many", action="store_true", help="leave the single phone out, to profile")
    asked = parser.parse_args(words)
    with (
        lab(*[PROFILE] * asked.phones, share_cores=True) as (server, phones, _),
        tempfile.TemporaryDirectory() as text,
    ):
        base = Path(text)
        engine = paced_engine(base)
        serials = [phone.serial for phone in phones]
        session(server, serials[:1], base, engine, 1)  # imports and caches are warm for both
        # on a phone that has nothing of ours yet, as most of the many
        one = None if asked.only_many else session(server, serials[-1:], base, engine, asked.rounds)
        many = session(server, serials, base, engine, asked.rounds)
    if one is not None:
        show(one)
    show(many)
    ratio = None if one is None else many.wall_s / one.wall_s
    good = not many.failed and many.cpu_s / many.wall_s <= CORES and (many.growth or 9) <= GROWTH
    if ratio is not None:
        print(f"time of {many.phones} phones / of one  {ratio:.3f}  target <= {RATIO:g}")
        good = good and ratio <= RATIO
    print(f"host CPU  {many.cpu_s / many.wall_s:.2f}  cores  target <= {CORES:g}")
    print(f"memory, late / early  {many.growth or float('nan'):.3f}  target <= {GROWTH:g}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
