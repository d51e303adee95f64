"""At most four large pushes at once from a host: more of them share one USB bus, and every phone waits longer."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MOST_AT_ONCE = 4
LARGE_BYTES = 1_000_000
_LOOK_S = 0.05


class PushSlots:
    """The places for large pushes, shared by all processes that give the same `folder` (None: by this one only)."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._here = threading.BoundedSemaphore(MOST_AT_ONCE)

    @contextlib.contextmanager
    def taken(self, size_bytes: int, between: Callable[[], None]) -> Iterator[None]:
        """A place for a file of that size; a small one needs none. `between` is called now and then while waiting,
        and what it raises ends the wait. The kernel frees the places of a process that dies."""
        if size_bytes < LARGE_BYTES:
            yield
            return
        while not self._here.acquire(timeout=_LOOK_S):
            between()
        try:
            with self._on_this_host(between):
                yield
        finally:
            self._here.release()

    @contextlib.contextmanager
    def _on_this_host(self, between: Callable[[], None]) -> Iterator[None]:
        if self._folder is None:
            yield
            return
        from filelock import FileLock, Timeout

        self._folder.mkdir(parents=True, exist_ok=True)
        locks = [
            FileLock(self._folder / f"{place}.lock", thread_local=False) for place in range(MOST_AT_ONCE)
        ]
        while True:
            for lock in locks:
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue
                try:
                    yield
                finally:
                    lock.release()
                return
            between()
            time.sleep(_LOOK_S)
