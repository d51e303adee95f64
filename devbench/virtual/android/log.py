"""The phone's log: a ring of entries, as logd keeps them in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

_KEPT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    wall_s: float
    pid: int
    tid: int
    priority: str
    tag: str
    text: str
    buffer: str = "main"


class Log:
    """`add` wakes those who follow; entries are numbered from the start, also those long dropped."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._first = 0
        self._arrived = asyncio.Event()

    def add(self, entry: Entry) -> None:
        if len(self._entries) == _KEPT:
            self._first += 1
        self._entries.append(entry)
        self._arrived.set()

    def clear(self, buffers: frozenset[str]) -> None:
        kept = [entry for entry in self._entries if entry.buffer not in buffers]
        self._first += len(self._entries) - len(kept)
        self._entries = deque(kept, maxlen=_KEPT)

    def since(self, number: int) -> tuple[list[Entry], int]:
        """The entries from `number` on that are still there, and the number after the last."""
        skip = max(0, number - self._first)
        return list(self._entries)[skip:], self._first + len(self._entries)

    async def more(self, number: int) -> None:
        """Until there is an entry of that number."""
        while self._first + len(self._entries) <= number:
            self._arrived.clear()
            await self._arrived.wait()
