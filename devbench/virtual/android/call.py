"""One call of a command that the daemon answers, and the table of such commands."""

from __future__ import annotations

import asyncio
import os
import posixpath
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from devbench.virtual.android.handset import Handset

# writing to a command's standard output may block for as long as its reader likes
_WRITERS = ThreadPoolExecutor(max_workers=256, thread_name_prefix="services")
_Given = TypeVar("_Given")
_Result = TypeVar("_Result")


@dataclass(slots=True, kw_only=True)
class Call:
    """`print` collects output, sent when the handler is done; `send` sends at once, for what goes on and on."""

    handset: Handset
    name: str
    arguments: list[str]
    folder: str
    stdin: int
    stdout: int
    stderr: int
    gone: asyncio.Event
    _out: list[str] = field(default_factory=list)
    _err: list[str] = field(default_factory=list)

    def print(self, text: str = "") -> None:
        self._out.append(f"{text}\n")

    def complain(self, text: str) -> None:
        self._err.append(f"{text}\n")

    def path(self, name: str) -> str:
        """A path argument as seen from the caller's folder."""
        return posixpath.normpath(posixpath.join(self.folder, name))

    async def send(self, data: bytes) -> None:
        """BrokenPipeError when nobody reads any more."""
        await apart(write_all, self.stdout, data)

    async def read_input(self, size: int) -> bytes:
        return await apart(os.read, self.stdin, size)

    async def flush(self) -> None:
        for fd, lines in ((self.stdout, self._out), (self.stderr, self._err)):
            if lines:
                data = "".join(lines).encode(errors="surrogateescape")
                lines.clear()
                await apart(write_all, fd, data)


async def apart(work: Callable[[int, _Given], _Result], fd: int, given: _Given) -> _Result:
    """In a thread, on a descriptor of its own: a call may end, and close its own, while the thread still waits."""
    own = os.dup(fd)
    doing = _WRITERS.submit(work, own, given)
    doing.add_done_callback(lambda _: os.close(own))
    return await asyncio.wrap_future(doing)


def write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


Handler: TypeAlias = Callable[[Call], Awaitable[int]]
HANDLERS: dict[str, Handler] = {}


def command(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register
