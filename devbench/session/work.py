"""The run's work: one worker a phone, until all have ended or the user wants to stop."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.devices.quarantine import AFTER, Setback, forget, set_back
from devbench.domain.event import Event, Said
from devbench.runners.base import Limits
from devbench.runners.means import Means
from devbench.session.journal import journalled
from devbench.session.prepare import Prepared
from devbench.session.worker import Worker
from devbench.store import RunFolder

if TYPE_CHECKING:
    from devbench.adb import Server
    from devbench.runners.meter import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a session ended: attempts of this session by status, and whether the user stopped it.

    `lost` holds the reason of each phone that ended before its last job, by device; `attempted` counts the
    processes that were started on any phone.
    """

    counts: dict[str, int] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    attempted: int = 0
    interrupted: bool = False


def run(
    prepared: Prepared,
    folder: RunFolder,
    server: Server,
    emit: Callable[[Event], None],
    *,
    limits: Limits | None = None,
    memory: Path | None = None,
    quarantine: Path | None = None,
    quarantine_after: int = AFTER,
    means: Means | None = None,
    meter: Meter | None = None,
    stop: threading.Event | None = None,
) -> Outcome:
    """Measure everything in `prepared`; Ctrl-C, or setting `stop`, ends it cleanly with what was measured so far.

    The caller holds the leases of the phones. `memory` is the folder in which phones are remembered from run to
    run, `quarantine` that of their setbacks; with `quarantine_after` of them in a row a phone stays out. `means` is
    what may be done to a phone that stays away, `meter` an instrument on the supply of the one phone there is.
    StoreError when results cannot be kept any more: that ends the work on all phones.
    """
    stop = stop or threading.Event()
    emit = journalled(folder.path, emit)
    workers = [
        Worker(prepared, plan, folder, server, emit, stop, limits or Limits(), memory, means or Means(), meter)
        for plan in prepared.phones
    ]
    interrupted = False
    with ThreadPoolExecutor(max_workers=max(1, len(workers)), thread_name_prefix="phone") as pool:
        futures = [pool.submit(worker.work) for worker in workers]
        try:
            while wait(futures, timeout=0.5).not_done:
                pass
        except KeyboardInterrupt:
            interrupted = True
            stop.set()
        for future in futures:
            future.result()
    if quarantine is not None:
        for worker in workers:
            _remember(quarantine, quarantine_after, worker, prepared.header.run_id, emit)
    counts: Counter[str] = Counter()
    for worker in workers:
        counts.update(worker.counts)
    return Outcome(
        counts=dict(counts),
        lost={worker.device: worker.lost for worker in workers if worker.lost is not None},
        attempted=sum(worker.attempted for worker in workers),
        interrupted=interrupted,
    )


def _remember(
    folder: Path, after: int, worker: Worker, run_id: str, emit: Callable[[Event], None]
) -> None:
    """The setback of a phone that was lost; a phone that got to its end has none any more."""
    if worker.setback is None:
        if worker.lost is None and worker.attempted:
            forget(folder, worker.device)
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    failure = worker.setback
    setback = Setback(at=now, run_id=run_id, kind=failure.kind, reason=failure.cause)
    record = set_back(folder, worker.device, setback, after=after)
    if record.quarantined:
        emit(Said(device=worker.device, text=f"is in quarantine: {record.why}\n  → {record.way_back}"))
