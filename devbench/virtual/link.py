"""One connection of an adb server to a phone: ADB packets, authentication, and streams with flow control.

The protocol is AOSP's packages/modules/adb/protocol.txt. Each stream has one write under way at a time (an OKAY allows
the next); what arrives is acknowledged at once while little is waiting, later once it has been read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devbench.virtual.auth import TOKEN_BYTES, PublicKey

_HEADER = struct.Struct("<6I")
CNXN, AUTH, OPEN, OKAY, WRTE, CLSE = (int.from_bytes(n, "little") for n in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"WRTE", b"CLSE"))
_NO_CHECKSUM = 0x01000001
_AUTH_TOKEN, _AUTH_SIGNATURE = 1, 2
_PAYLOAD_LIMIT = 1 << 20
_WINDOW_BYTES = 4 << 20


class StreamClosed(Exception):
    """The other side closed the stream, or the connection is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a phone says of itself when it accepts a connection."""

    banner: str
    version: int
    max_payload_bytes: int
    keys: Callable[[], tuple[PublicKey, ...]]


class Stream:
    """One service in use: `read`, `write`, `close` from the event loop."""

    def __init__(self, link: Link, local: int, remote: int) -> None:
        self._link = link
        self.local = local
        self.remote = remote
        self.accepted = False
        self.closed = False
        self._inbox: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._owed = 0
        self._ended = False
        self._arrived = asyncio.Event()
        self._credit = asyncio.Event()
        self._writing = asyncio.Lock()

    async def accept(self) -> None:
        """Tells the other side that the service is there; without it the stream is refused."""
        self.accepted = True
        self._credit.set()
        await self._link.send(OKAY, self.local, self.remote)

    async def read(self) -> bytes:
        """All that has arrived, at least one byte; b"" once the other side has closed."""
        while not self._inbox:
            if self._ended:
                return b""
            self._arrived.clear()
            await self._arrived.wait()
        data = self._inbox[0] if len(self._inbox) == 1 else b"".join(self._inbox)
        self._inbox.clear()
        self._waiting_bytes = 0
        while self._owed:
            self._owed -= 1
            await self._link.send(OKAY, self.local, self.remote)
        return data

    async def write(self, data: bytes | memoryview) -> None:
        """Sends all of `data`, in the size of packets both sides agreed on; StreamClosed if it cannot arrive."""
        view = memoryview(data)
        async with self._writing:
            for start in range(0, len(view), self._link.max_payload_bytes):
                await self._credit.wait()
                if self.closed or self._ended:
                    raise StreamClosed
                self._credit.clear()
                part = view[start : start + self._link.max_payload_bytes]
                await self._link.send(WRTE, self.local, self.remote, part)

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._link.streams.pop(self.local, None)
            await self._link.send(CLSE, self.local if self.accepted else 0, self.remote)

    async def wait_closed(self) -> None:
        """Until the other side closes; data is left alone."""
        while not self._ended:
            self._arrived.clear()
            await self._arrived.wait()

    async def on_data(self, data: bytes) -> None:
        self._inbox.append(data)
        self._waiting_bytes += len(data)
        self._arrived.set()
        if self._waiting_bytes < _WINDOW_BYTES:
            await self._link.send(OKAY, self.local, self.remote)
        else:
            self._owed += 1

    def on_okay(self, remote: int) -> None:
        self.remote = remote
        self.accepted = True
        self._credit.set()

    def on_close(self) -> None:
        self._ended = True
        self._arrived.set()
        self._credit.set()


Service = Callable[[Stream, str], Awaitable[None]]


class Link:
    """Serves one connection until it ends; `serve` answers each stream that the other side opens."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, identity: Identity, serve: Service
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._identity = identity
        self._serve = serve
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._version = identity.version
        self._token = os.urandom(TOKEN_BYTES)
        self._sending = asyncio.Lock()
        self.max_payload_bytes = identity.max_payload_bytes
        self.authorised = False
        self.streams: dict[int, Stream] = {}

    async def run(self) -> None:
        """Until the connection ends, whoever ends it."""
        try:
            while True:
                header = await self._reader.readexactly(_HEADER.size)
                command, first, second, length, _sum, magic = _HEADER.unpack(header)
                if magic != command ^ 0xFFFFFFFF or length > _PAYLOAD_LIMIT:
                    return
                data = await self._reader.readexactly(length) if length else b""
                await self._on_packet(command, first, second, data)
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self.drop()

    def drop(self) -> None:
        """Ends the connection at once; every stream of it ends too."""
        self._writer.transport.abort()
        for stream in self.streams.values():
            stream.on_close()
        for task in self._tasks:
            task.cancel()

    async def send(self, command: int, first: int, second: int, data: bytes | memoryview = b"") -> None:
        if self._writer.is_closing():
            return
        summed = sum(data) & 0xFFFFFFFF if self._version < _NO_CHECKSUM else 0
        header = _HEADER.pack(command, first, second, len(data), summed, command ^ 0xFFFFFFFF)
        self._writer.write(header)
        if data:
            self._writer.write(data)
            async with self._sending:
                with contextlib.suppress(OSError):
                    await self._writer.drain()

    async def open(self, destination: str) -> Stream:
        """A stream that the phone opens on the other side (`adb reverse`)."""
        stream = Stream(self, next(self._numbers), 0)
        self.streams[stream.local] = stream
        await self.send(OPEN, stream.local, 0, destination.encode() + b"\0")
        return stream

    async def _on_packet(self, command: int, first: int, second: int, data: bytes) -> None:
        if command == CNXN:
            self._version = min(self._identity.version, first)
            self.max_payload_bytes = min(self._identity.max_payload_bytes, second)
            await self._challenge()
        elif command == AUTH:
            await self._on_auth(first, data)
        elif not self.authorised:
            raise ConnectionAbortedError("not authorised")
        elif command == OPEN:
            await self._on_open(first, data)
        elif (stream := self.streams.get(second)) is not None:
            if command == WRTE:
                await stream.on_data(data)
            elif command == OKAY:
                stream.on_okay(first)
            elif command == CLSE:
                stream.on_close()

    async def _challenge(self) -> None:
        await self.send(AUTH, _AUTH_TOKEN, 0, self._token)

    async def _on_auth(self, kind: int, data: bytes) -> None:
        """A signature by an allowed key connects; an unknown public key is met with silence: `unauthorized`."""
        if kind != _AUTH_SIGNATURE:
            return
        if any(key.signed(self._token, data) for key in self._identity.keys()):
            self.authorised = True
            await self.send(CNXN, self._identity.version, self._identity.max_payload_bytes, self._identity.banner.encode())
        else:
            await self._challenge()

    async def _on_open(self, remote: int, data: bytes) -> None:
        stream = Stream(self, next(self._numbers), remote)
        self.streams[stream.local] = stream
        task = asyncio.create_task(self._served(stream, data.rstrip(b"\0").decode(errors="surrogateescape")))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _served(self, stream: Stream, service: str) -> None:
        try:
            with contextlib.suppress(StreamClosed, OSError):
                await self._serve(stream, service)
        finally:
            with contextlib.suppress(OSError):
                await stream.close()
