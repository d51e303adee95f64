"""One core for each phone, and a queue where there are fewer cores than phones, so that phones do not disturb
each other's measurements. The wait is over before a measuring command starts, hence outside what it measures.

The queue is an flock on `<home>/core-<k>.lock` whose descriptor the command inherits: a detached job holds
the core until it ends, whatever becomes of its stream or of the daemon.

Phones that share cores queue for nothing: many can measure at once, and disturb each other. Such a phone says so in
its labels.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import posixpath
import re
import shlex
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

_WORKPLACE = "/data/local/tmp"
_NOT_MEASURING = frozenset({"info", "sha256", "follow", "stop", "sample", "watchdog"})
_PREFIXES = frozenset({"exec", "nohup", "time", "setsid", "command", "env"})
_SEPARATORS = frozenset({";", "&&", "||", "|", "&", "(", ")", "{", "}", "\n"})
_WAITERS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="core-queue")
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)


def choose_core(taken: Iterable[int]) -> int:
    """The allowed CPU with the fewest phones on it."""
    allowed = sorted(os.sched_getaffinity(0))
    counts = Counter(taken)
    return min(allowed, key=lambda cpu: (counts[cpu], cpu))


def measures(command: str) -> bool:
    """Whether a shell command starts a program of /data/local/tmp that may be measuring."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    folder, words = "/", []
    try:
        tokens = [*lexer, ";"]
    except ValueError:
        return _WORKPLACE in command
    for token in tokens:
        if token not in _SEPARATORS:
            words.append(token)
            continue
        while words and (words[0] in _PREFIXES or _ASSIGNMENT.fullmatch(words[0])):
            words.pop(0)
        if words[:1] == ["cd"] and len(words) > 1:
            folder = posixpath.normpath(posixpath.join(folder, words[1]))
        elif words and _is_measuring(words, folder):
            return True
        words = []
    return False


def _is_measuring(words: list[str], folder: str) -> bool:
    if words[:2] == ["am", "start"]:
        return True
    program = posixpath.normpath(posixpath.join(folder, words[0])) if "/" in words[0] else words[0]
    if not program.startswith(f"{_WORKPLACE}/"):
        return False
    arguments = words[2:] if words[1:2] and words[1].isdigit() else words[1:]
    return not (arguments and arguments[0] in _NOT_MEASURING)


class Core:
    """The core of one phone: `place` waits for it where another phone measures on it too, unless it is `shared`."""

    def __init__(self, home: Path, cpu: int, phone: str, *, shared: bool = False) -> None:
        self.cpu = cpu
        self._shared = shared
        self._path = home / f"core-{cpu}.lock"
        self._phone = phone

    @asynccontextmanager
    async def place(
        self, command: str, given_up: Callable[[], Coroutine[Any, Any, None]]
    ) -> AsyncIterator[tuple[list[int], int | None]]:
        """The CPUs for `command`, and for a measuring one the lock it shall inherit (ours is closed at the end).

        ConnectionAbortedError when `given_up` (whoever asked has left) is over before its turn came.
        """
        if self._shared or not measures(command):
            yield [self.cpu], None
            return
        lock = Lock(self._path)
        try:
            held = await lock.acquire(self._phone, given_up)
            yield [self.cpu], lock.fd if held else None
        finally:
            lock.close()


class Lock:
    """A place in the queue for one core."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._waiting: asyncio.Future[None] | None = None

    async def acquire(self, phone: str, given_up: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """True once it is ours; False at once when a command of the same phone has it: there both would run."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if os.pread(self.fd, 200, 0).decode() == phone:
                return False
            await self._wait(given_up)
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, phone.encode(), 0)
        return True

    async def _wait(self, given_up: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """In a thread, because the kernel wakes those who wait for a lock in order, and polling would not."""
        loop = asyncio.get_running_loop()
        self._waiting = loop.run_in_executor(_WAITERS, fcntl.flock, self.fd, fcntl.LOCK_EX)
        leaving = asyncio.create_task(given_up())
        try:
            await asyncio.wait({self._waiting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if not self._waiting.done():
            raise ConnectionAbortedError("left the queue")

    def close(self) -> None:
        """Ours only: a command that inherited it goes on holding it."""
        fd = self.fd
        if self._waiting is None or self._waiting.done():
            os.close(fd)
        else:
            self._waiting.add_done_callback(lambda _: os.close(fd))
