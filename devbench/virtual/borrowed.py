"""Phones for the time of one run: started or found on the private server, stopped when their last run ends.

Runs may share them, and a killed run leaves them behind for the one that resumes it: who holds the shared lock uses
them, and whoever finds nobody else there stops what runs have started. What `devbench virtual up` started stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench import virtual
from devbench.adb.server import ServerAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowed:
    """The private server and the phones on it."""

    server: ServerAddress
    phones: tuple[virtual.VirtualPhone, ...]


@contextlib.contextmanager
def borrowed(profiles: Sequence[str], *, home: Path, adb: str | None = None) -> Iterator[Borrowed]:
    """One phone for each profile, until the end of the block."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    use = os.open(home / "in-use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(use, fcntl.LOCK_SH)
        before = {phone.name for phone in virtual.running(home=home)}
        address = virtual.private_server(home=home, adb=adb)
        try:
            phones = virtual.up(profiles, server=address, home=home, adb=adb)
            _note(home, {phone.name for phone in phones} - before)
            yield Borrowed(server=address, phones=phones)
        finally:
            _stop_if_last(use, home)
    finally:
        os.close(use)


def _note(home: Path, names: set[str]) -> None:
    """At once, so that a run that is killed has said it."""
    (home / "borrowed.json").write_text(json.dumps(sorted(_started(home) | names)))


def _started(home: Path) -> set[str]:
    try:
        return set(json.loads((home / "borrowed.json").read_text()))
    except (OSError, ValueError):
        return set()


def _stop_if_last(use: int, home: Path) -> None:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    ours = [phone.name for phone in virtual.running(home=home) if phone.name in _started(home)]
    if ours:
        virtual.down(ours, home=home)
    (home / "borrowed.json").unlink(missing_ok=True)
    if not virtual.running(home=home):
        virtual.stop_private_server(home=home)
