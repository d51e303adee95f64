"""Pipes and terminals of a phone's commands, read and written without blocking the event loop.

Only the daemon's own ends are made non-blocking; the ends that commands hold keep their usual ways.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os

CHUNK_BYTES = 1 << 18
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031


def pipe_for(owner_uid: int, *, ours_reads: bool) -> tuple[Descriptor, int]:
    """A pipe as (our end, the command's end); `owner_uid` may reopen it through /dev/stdout when we are root."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    if os.geteuid() == 0:
        os.fchown(read_end, owner_uid, owner_uid)
    with contextlib.suppress(OSError):
        fcntl.fcntl(write_end, _F_SETPIPE_SZ, _PIPE_BYTES)
    return (Descriptor(read_end), write_end) if ours_reads else (Descriptor(write_end), read_end)


class Descriptor:
    """One end that is ours: `read` until b"", `write` all of it, `close` as often as one likes."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        os.set_blocking(fd, False)

    async def read(self) -> bytes:
        """What is there, at least one byte; b"" at the end (a terminal whose last user left counts as that)."""
        while self.fd >= 0:
            try:
                return os.read(self.fd, CHUNK_BYTES)
            except BlockingIOError:
                await self._ready(reading=True)
            except OSError:
                return self._last_words()
        return b""

    def _last_words(self) -> bytes:
        """What a terminal's last user wrote just before it left: Linux may tell of the leaving first (EIO)."""
        try:
            return os.read(self.fd, CHUNK_BYTES)
        except OSError:
            return b""

    async def write(self, data: bytes) -> None:
        """All of `data`; BrokenPipeError when nobody reads any more."""
        view = memoryview(data)
        while view:
            if self.fd < 0:
                raise BrokenPipeError
            try:
                view = view[os.write(self.fd, view) :]
            except BlockingIOError:
                await self._ready(reading=False)

    async def _ready(self, *, reading: bool) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        fd = self.fd
        self._wake = wake
        (loop.add_reader if reading else loop.add_writer)(fd, wake)
        try:
            await ready
        finally:
            if self.fd == fd:
                (loop.remove_reader if reading else loop.remove_writer)(fd)

    def close(self) -> None:
        if self.fd >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self.fd)
            loop.remove_writer(self.fd)
            os.close(self.fd)
            self.fd = -1
            wake = getattr(self, "_wake", None)
            if wake is not None:
                wake()
