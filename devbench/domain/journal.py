"""What happened on a phone and when, a line each, so that a run can be looked at as time passing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

JOURNAL_SCHEMA = 1
Happening = Literal["began", "pushed", "waits", "back", "job", "job-ended", "jobs-added", "said", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """A line of journal.jsonl. `at` is this host's clock, UTC; `text` says what of.

    `seconds`: how long a push took or a phone was away, both until `at`, or how long a wait may yet last from
    `at`. `attempt` and `status` are of a job that ended.
    """

    at: str
    device: str
    happening: Happening
    text: str = ""
    job_id: str | None = None
    attempt: int | None = None
    status: str | None = None
    size_bytes: int | None = None
    seconds: float | None = None
    schema: int = JOURNAL_SCHEMA
