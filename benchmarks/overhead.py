"""What devbench costs between jobs: from a job's exit to the next one's first line, and from `end` to fsync.

Both ends are seen on the host, on a virtual phone, whose shell answers as fast as this computer can.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from phones import lab

from devbench import store
from devbench.devices import select
from devbench.domain.event import Event, JobEnded
from devbench.domain.job import Bounds, Profile
from devbench.graph.model_file import read_variant
from devbench.plan import Choices
from devbench.runners.protocol import Transcript
from devbench.session import RunRequest, prepare, run

ROUNDS = 60
TARGET_MS = 100.0
MODEL = Path(__file__).parents[1] / "devbench" / "data" / "models" / "and-gate.tflite"
BRIEF = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=2, warmup_block_ms=0, steady_min_n=5, steady_min_ms=0
)


def moments(home: Path, server: Any) -> list[tuple[str, float]]:
    """(`hello`, `end`, `exit` or `kept`, monotonic seconds) of all jobs of a session, in order."""
    seen: list[tuple[str, float]] = []
    keep = Transcript.keep

    def timed_keep(self: Transcript, event: dict[str, Any]) -> None:
        keep(self, event)
        if event["event"] in ("hello", "end", "exit"):
            seen.append((event["event"], time.monotonic()))

    def emit(event: Event) -> None:
        if isinstance(event, JobEnded):
            seen.append(("kept", time.monotonic()))

    request = RunRequest(
        variants=(read_variant(MODEL),), profile=Profile(name="quick", rounds=ROUNDS, bounds=BRIEF),
        rounds=ROUNDS, seed=0, choices=Choices(), engine_cache=home / "engines",
    )  # fmt: skip
    prepared = prepare(request, select(server), now=datetime.now())
    folder = store.create(home / "results", prepared.header.run_id)
    folder.write_header(prepared.header)
    Transcript.keep = timed_keep  # type: ignore[method-assign]
    try:
        outcome = run(prepared, folder, server, emit)
    finally:
        Transcript.keep = keep  # type: ignore[method-assign]
    if set(outcome.counts) != {"ok"}:
        sys.exit(f"jobs failed: {outcome.counts}")
    return seen


def gaps_ms(seen: list[tuple[str, float]], begin: str, end: str) -> Iterator[float]:
    """From each `begin` to the next `end`, in ms."""
    started: float | None = None
    for name, at in seen:
        if name == begin:
            started = at
        elif name == end and started is not None:
            yield (at - started) * 1e3
            started = None


def main() -> int:
    good = True
    for profile in ("pixel-2-xl", "oppo-a37f"):
        with lab(profile) as (server, _, home):
            seen = moments(home, server)
        for label, begin, end in (("exit to next first line", "exit", "hello"), ("end to fsync", "end", "kept")):
            # the first job's resources pass is asked much more than the others
            found = list(gaps_ms(seen, begin, end))[2:]
            middle, p90 = median(found), quantiles(found, n=10)[-1]
            good = good and middle <= TARGET_MS
            figures = f"median {middle:.0f} ms, p90 {p90:.0f} ms"
            print(f"{profile}: {label}: {figures} (≤ {TARGET_MS:.0f}, n {len(found)})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
