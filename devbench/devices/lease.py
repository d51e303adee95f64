"""One devbench a phone at a time: two measuring at once would each see the other as noise."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from devbench.errors import NoUsableDevice


@contextlib.contextmanager
def lease(folder: Path, device: str) -> Iterator[None]:
    """Hold `device` for this process; NoUsableDevice names the holder. The kernel frees it when we die."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    owner = folder / f"{device}.json"
    lock = FileLock(folder / f"{device}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise NoUsableDevice(
            f"{device} is in use by another devbench{_owner(owner)}", fix="wait for it, or stop it"
        ) from error
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        owner.write_text(json.dumps({"pid": os.getpid(), "since": now}), "utf-8")
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _owner(path: Path) -> str:
    try:
        data = json.loads(path.read_text("utf-8"))
        return f" (process {data['pid']}, since {data['since']})"
    except (OSError, ValueError, KeyError):
        return ""
