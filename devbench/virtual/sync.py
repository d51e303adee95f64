"""`sync:` of an adbd, protocols v1 and v2: files pushed, pulled, listed and looked at.

It runs in a thread of its own, since files may block and must not hold up the other streams. Every path is
opened by the phone's init, inside the phone; here are only descriptors.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import stat
import struct
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any, TypeVar

from devbench.virtual.link import Stream, StreamClosed
from devbench.virtual.phone import Init

T = TypeVar("T")
_THREADS = ThreadPoolExecutor(max_workers=128, thread_name_prefix="sync")
_DATA_BYTES = 65536
_MAX_PATH_BYTES = 1024
_WRITE_BYTES = 1 << 20
_AHEAD_BYTES = 4 << 20
_COMPRESSED = 0x7  # brotli, lz4, zstd: offered in no banner
_DRY_RUN = 0x80000000
_WORD = struct.Struct("<I")


class Channel:
    """A stream as blocking calls, for a thread: reads of an exact size, writes of whole messages.

    `feed` runs in the event loop and wakes the thread only when there is as much as it waits for.
    """

    def __init__(self, stream: Stream, loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop
        self._buffer = bytearray()
        self._wanted = 0
        self._ended = False
        self._changed = threading.Condition()
        self._drained = asyncio.Event()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def feed(self) -> None:
        """Everything that arrives, until the stream ends; it waits while the thread is far behind."""
        try:
            while data := await self._stream.read():
                with self._changed:
                    self._buffer += data
                    ahead = len(self._buffer) > _AHEAD_BYTES
                    self._drained.clear()
                    if len(self._buffer) >= self._wanted:
                        self._changed.notify()
                if ahead:
                    await self._drained.wait()
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def read(self, size: int) -> bytes:
        with self._changed:
            self._wanted = size
            while len(self._buffer) < size:
                if self._ended:
                    raise StreamClosed
                self._changed.wait()
            full = len(self._buffer) > _AHEAD_BYTES
            with memoryview(self._buffer) as view:
                data = bytes(view[:size])
            del self._buffer[:size]
            now_full = len(self._buffer) > _AHEAD_BYTES
        if full and not now_full:
            self._loop.call_soon_threadsafe(self._drained.set)
        return data

    def write(self, data: bytes) -> None:
        self.call(self._stream.write(data))


async def serve_sync(stream: Stream, init: Init) -> None:
    """Serves requests until QUIT or the end of the stream."""
    stream.accept()
    loop = asyncio.get_running_loop()
    channel = Channel(stream, loop)
    feeding = asyncio.create_task(channel.feed())
    try:
        await loop.run_in_executor(_THREADS, Session(channel, init).run)
    finally:
        feeding.cancel()


class Refused(Exception):
    """What a request ends with: a message that adb shows as `remote …`."""


class Session:
    """One conversation; the requests are methods by their four letters."""

    def __init__(self, channel: Channel, init: Init) -> None:
        self._channel = channel
        self._init = init
        self._requests: dict[bytes, Callable[[str], None]] = {
            b"STAT": self._stat_v1,
            b"LST2": lambda path: self._stat_v2(path, b"LST2", follow=False),
            b"STA2": lambda path: self._stat_v2(path, b"STA2", follow=True),
            b"LIST": lambda path: self._list(path, b"DENT"),
            b"LIS2": lambda path: self._list(path, b"DNT2"),
            b"SEND": self._send_v1,
            b"SND2": self._send_v2,
            b"RECV": self._receive,
            b"RCV2": self._receive_v2,
        }

    def run(self) -> None:
        with contextlib.suppress(StreamClosed, ConnectionError, asyncio.CancelledError):
            while True:
                ident, length = struct.unpack("<4sI", self._channel.read(8))
                if ident == b"QUIT":
                    return
                if length > _MAX_PATH_BYTES:
                    self._fail("path too long")
                    return
                path = os.fsdecode(self._channel.read(length))
                request = self._requests.get(ident)
                if request is None:
                    self._fail(f"unknown command {ident.hex()}")
                    return
                try:
                    request(path)
                except Refused as refused:
                    self._fail(str(refused))

    def _fail(self, message: str) -> None:
        text = message.encode()
        self._channel.write(b"FAIL" + _WORD.pack(len(text)) + text)

    # looking

    def _look(self, path: str, *, follow: bool) -> dict[str, int] | int:
        """The file's status, or the error number."""
        try:
            return self._channel.call(self._init.stat(path, follow=follow))
        except OSError as error:
            return error.errno or errno.EIO

    def _stat_v1(self, path: str) -> None:
        found = self._look(path, follow=False)
        values = (
            (0, 0, 0)
            if isinstance(found, int)
            else (found["mode"], found["size"] & 0xFFFFFFFF, found["mtime"])
        )
        self._channel.write(b"STAT" + struct.pack("<3I", *values))

    def _stat_v2(self, path: str, ident: bytes, *, follow: bool) -> None:
        found = self._look(path, follow=follow)
        self._channel.write(ident + (pack_error(found) if isinstance(found, int) else pack_stat(found)))

    def _list(self, path: str, ident: bytes) -> None:
        out = bytearray()
        for name, found in self._entries(path):
            encoded = os.fsencode(name)
            if ident == b"DENT":
                fields = (found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime))
                out += ident + struct.pack("<3I", *fields) + _WORD.pack(len(encoded)) + encoded
            else:
                out += ident + pack_stat(as_fields(found)) + _WORD.pack(len(encoded)) + encoded
        done = struct.pack("<4I", 0, 0, 0, 0) if ident == b"DENT" else bytes(72)
        self._channel.write(bytes(out) + b"DONE" + done)

    def _entries(self, path: str) -> list[tuple[str, os.stat_result]]:
        try:
            folder = self._open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return []
        try:
            names = [".", "..", *(entry.name for entry in os.scandir(folder))]
            found = []
            for name in names:
                with contextlib.suppress(OSError):
                    target = "." if name == ".." else name
                    found.append((name, os.stat(target, dir_fd=folder, follow_symlinks=False)))
            return found
        finally:
            os.close(folder)

    # receiving from the host

    def _send_v1(self, text: str) -> None:
        path, _, mode = text.rpartition(",")
        if not path or not mode.isdigit():
            raise Refused("missing , in ID_SEND")
        self._receive_file(path, int(mode))

    def _send_v2(self, path: str) -> None:
        ident, mode, flags = struct.unpack("<4sII", self._channel.read(12))
        if ident != b"SND2" or flags & _COMPRESSED:
            raise Refused("unsupported flags")
        self._receive_file(path, mode, dry_run=bool(flags & _DRY_RUN))

    def _receive_file(self, path: str, mode: int, *, dry_run: bool = False) -> None:
        """What follows is read to its end in any case: a refusal must not break the conversation."""
        fd, trouble = -1, ""
        try:
            if stat.S_ISLNK(mode):
                self._receive_link(path)
                return
            fd = -1 if dry_run else self._create(path, mode)
        except OSError as error:
            trouble = f"couldn't create file: {error.strerror}"
        try:
            modified, failed = self._copy_in(fd)
            trouble = trouble or failed
            if fd >= 0 and not trouble:
                os.utime(fd, (modified, modified))
                os.fchmod(fd, stat.S_IMODE(mode) & 0o777 or 0o644)
        finally:
            if fd >= 0:
                os.close(fd)
        if trouble:
            if fd >= 0:
                self._unlink(path)
            raise Refused(trouble)
        self._channel.write(b"OKAY" + _WORD.pack(0))

    def _receive_link(self, path: str) -> None:
        target, trouble = self._copy_text()
        self._unlink(path)
        try:
            self._channel.call(self._init.ask("fs", name="symlink", path=path, extra=target))
        except OSError as error:
            trouble = trouble or f"couldn't create symlink: {error.strerror}"
        if trouble:
            raise Refused(trouble)
        self._channel.write(b"OKAY" + _WORD.pack(0))

    def _create(self, path: str, mode: int) -> int:
        """Old content is unlinked first, so that a program that runs from it goes on; missing folders are made."""
        self._unlink(path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            return self._open(path, flags, stat.S_IMODE(mode) or 0o644)
        except FileNotFoundError:
            folder = str(PurePosixPath(path).parent)
            self._channel.call(self._init.ask("fs", name="folders", path=folder))
            return self._open(path, flags, stat.S_IMODE(mode) or 0o644)

    def _copy_in(self, fd: int) -> tuple[int, str]:
        """DATA … DONE into `fd` (-1: nowhere); the time of modification, and what went wrong."""
        trouble, pending = "", bytearray()
        while True:
            ident, size = struct.unpack("<4sI", self._channel.read(8))
            if ident == b"DATA":
                if size > _DATA_BYTES:
                    raise StreamClosed
                data = self._channel.read(size)
                if fd >= 0 and not trouble:
                    pending += data
                    if len(pending) >= _WRITE_BYTES:
                        trouble = write_all(fd, pending)
                        pending.clear()
            elif ident == b"DONE":
                if fd >= 0 and not trouble:
                    trouble = write_all(fd, pending)
                return size, trouble
            else:
                raise StreamClosed

    def _copy_text(self) -> tuple[str, str]:
        text = b""
        while True:
            ident, size = struct.unpack("<4sI", self._channel.read(8))
            if ident != b"DATA":
                return os.fsdecode(text.rstrip(b"\0")), "" if ident == b"DONE" else "invalid data message"
            text += self._channel.read(min(size, _DATA_BYTES))

    def _unlink(self, path: str) -> None:
        with contextlib.suppress(OSError):
            self._channel.call(self._init.ask("fs", name="unlink", path=path))

    def _open(self, path: str, flags: int, mode: int = 0) -> int:
        return self._channel.call(self._init.open(path, flags, mode))

    # sending to the host

    def _receive_v2(self, path: str) -> None:
        ident, flags = struct.unpack("<4sI", self._channel.read(8))
        if ident != b"RCV2" or flags & _COMPRESSED:
            raise Refused("unsupported flags")
        self._receive(path)

    def _receive(self, path: str) -> None:
        try:
            fd = self._open(path, os.O_RDONLY)
        except OSError as error:
            raise Refused(f"open failed: {error.strerror}") from error
        try:
            while data := os.read(fd, _WRITE_BYTES):
                out = bytearray()
                for start in range(0, len(data), _DATA_BYTES):
                    part = data[start : start + _DATA_BYTES]
                    out += b"DATA" + _WORD.pack(len(part)) + part
                self._channel.write(bytes(out))
        except OSError as error:
            raise Refused(f"read failed: {error.strerror}") from error
        finally:
            os.close(fd)
        self._channel.write(b"DONE" + _WORD.pack(0))


def write_all(fd: int, data: bytearray) -> str:
    """Writes it all; what went wrong otherwise, as adb shows it."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(fd, view) :]
    except OSError as error:
        return f"write failed: {error.strerror}"
    finally:
        view.release()
    return ""


def as_fields(found: os.stat_result) -> dict[str, int]:
    return {name[3:]: int(getattr(found, name)) for name in dir(found) if name.startswith("st_")}


def pack_stat(found: dict[str, int]) -> bytes:
    names = ("dev", "ino", "mode", "nlink", "uid", "gid", "size", "atime", "mtime", "ctime")
    return struct.pack("<IQQIIIIQqqq", 0, *(found[name] for name in names))


def pack_error(number: int) -> bytes:
    return struct.pack("<I", number) + bytes(68 - 4)
