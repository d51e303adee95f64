"""Events of a session as lines in journal.jsonl: what a run's files do not tell otherwise is when it happened.

It explains and decides nothing, so it is not fsynced, and a journal that cannot be written ends no measurement.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devbench.domain.codec import to_json
from devbench.domain.event import (
    CameBack,
    Event,
    FirstNumber,
    JobEnded,
    JobsAdded,
    JobStarted,
    PhoneEnded,
    PhoneStarted,
    Pushed,
    Said,
    Waiting,
)
from devbench.domain.journal import JournalEntry
from devbench.store import JOURNAL


def journalled(folder: Path, emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """`emit`, with each event also a line in the journal of the run in `folder`. For any thread."""
    path, lock = folder / JOURNAL, threading.Lock()

    def both(event: Event) -> None:
        entry = entry_of(event, datetime.now(UTC).isoformat(timespec="milliseconds"))
        if entry is not None:
            line = json.dumps(to_json(entry), separators=(",", ":")) + "\n"
            with lock, contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
                file.write(line)
        emit(event)

    return both


def entry_of(event: Event, at: str) -> JournalEntry | None:
    """The line of an event; None for one that stands in the run's records already."""

    def entry(device: str, happening: str, text: str = "", **more: Any) -> JournalEntry:
        return JournalEntry(at=at, device=device, happening=happening, text=text, **more)  # type: ignore[arg-type]

    match event:
        case PhoneStarted():
            return entry(event.device.device, "began", f"{event.jobs} jobs")
        case Pushed():
            return entry(
                event.device,
                "pushed",
                event.what,
                size_bytes=event.size_bytes,
                seconds=round(event.seconds, 6),
            )
        case Waiting():
            return entry(event.device, "waits", event.reason, seconds=round(event.seconds, 3))
        case CameBack():
            return entry(event.device, "back", event.was, seconds=round(event.seconds, 3))
        case JobStarted():
            return entry(event.job.device, "job", event.job.variant, job_id=event.job.job_id)
        case JobEnded():
            m = event.measurement
            return entry(event.job.device, "job-ended", job_id=m.job_id, attempt=m.attempt, status=m.status)
        case JobsAdded():
            return entry(event.device, "jobs-added", event.reason)
        case Said():
            return entry(event.device, "said", event.text)
        case PhoneEnded():
            return entry(event.device, "ended", event.reason or "")
        case FirstNumber():
            return None
