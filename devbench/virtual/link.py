"""One connection of an adb server to a phone: ADB packets, authentication, and streams with flow control.

The protocol is AOSP's packages/modules/adb/protocol.txt. Each stream has one write under way at a time (an
OKAY allows the next); what arrives is acknowledged at once while little is waiting, later once it has been
read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import struct
import zlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from devbench.virtual.auth import TOKEN_BYTES, PublicKey

_HEADER = struct.Struct("<6I")
CNXN, AUTH, OPEN, OKAY, WRTE, CLSE = (
    int.from_bytes(n, "little") for n in (b"CNXN", b"AUTH", b"OPEN", b"OKAY", b"WRTE", b"CLSE")
)
_NO_CHECKSUM = 0x01000001
_AUTH_TOKEN, _AUTH_SIGNATURE = 1, 2
_PAYLOAD_LIMIT = 1 << 20
_WINDOW_BYTES = 4 << 20
_WRITE_BUFFER_BYTES = 4 << 20
_JOINED_BYTES = 16384


class StreamClosed(Exception):
    """The other side closed the stream, or the connection is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a phone says of itself when it accepts a connection."""

    banner: str
    version: int
    max_payload_bytes: int
    allowed: Callable[[], tuple[PublicKey, ...]]


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

    def accept(self) -> None:
        """Tells the other side that the service is there; without it the stream is refused."""
        self.accepted = True
        self._credit.set()
        self._link.send(OKAY, self.local, self.remote)

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
            self._link.send(OKAY, self.local, self.remote)
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
                await self._link.writable.wait()
                part = view[start : start + self._link.max_payload_bytes]
                self._link.send(WRTE, self.local, self.remote, part)

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._link.streams.pop(self.local, None)
            self._link.send(CLSE, self.local if self.accepted else 0, self.remote)

    async def wait_closed(self) -> None:
        """Until the other side closes; data is left alone."""
        while not self._ended:
            self._arrived.clear()
            await self._arrived.wait()

    def on_data(self, data: bytes) -> None:
        self._inbox.append(data)
        self._waiting_bytes += len(data)
        self._arrived.set()
        if self._waiting_bytes < _WINDOW_BYTES:
            self._link.send(OKAY, self.local, self.remote)
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


class Link(asyncio.Protocol):
    """Serves one connection until it ends; `serve` answers each stream that the other side opens.

    Packets are handled as they come, without a coroutine each: an old phone's adbd takes 4 kB at a time.
    """

    def __init__(self, identity: Identity, serve: Callable[[Link, Stream, str], Awaitable[None]]) -> None:
        self._identity = identity
        self._serve = serve
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._checksums = identity.version < _NO_CHECKSUM
        self._token = os.urandom(TOKEN_BYTES)
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self.max_payload_bytes = identity.max_payload_bytes
        self.authorised = False
        self.streams: dict[int, Stream] = {}
        self.writable = asyncio.Event()
        self.ended = asyncio.Event()
        self.writable.set()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(_WRITE_BUFFER_BYTES)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self.drop()

    def data_received(self, data: bytes) -> None:
        buffer, at = self._buffer, 0
        buffer += data
        while len(buffer) - at >= _HEADER.size:
            command, first, second, length, _sum, magic = _HEADER.unpack_from(buffer, at)
            if magic != command ^ 0xFFFFFFFF or length > _PAYLOAD_LIMIT:
                return self.drop()
            end = at + _HEADER.size + length
            if len(buffer) < end:
                break
            with memoryview(buffer) as view:
                payload = bytes(view[at + _HEADER.size : end])
            at = end
            self._on_packet(command, first, second, payload)
        del buffer[:at]
        return None

    def drop(self) -> None:
        """Ends the connection at once; every stream of it ends too."""
        if self._transport is not None:
            self._transport.abort()
        for stream in self.streams.values():
            stream.on_close()
        for task in self._tasks:
            task.cancel()
        self.writable.set()
        self.ended.set()

    # packets

    def send(self, command: int, first: int, second: int, data: bytes | memoryview = b"") -> None:
        if self._transport is None or self._transport.is_closing():
            return
        summed = checksum(data) if self._checksums else 0
        header = _HEADER.pack(command, first, second, len(data), summed, command ^ 0xFFFFFFFF)
        if len(data) < _JOINED_BYTES:
            self._transport.write(header + bytes(data))
        else:
            self._transport.write(header)
            self._transport.write(data)

    def open(self, destination: str) -> Stream:
        """A stream that the phone opens on the other side (`adb reverse`)."""
        stream = Stream(self, next(self._numbers), 0)
        self.streams[stream.local] = stream
        self.send(OPEN, stream.local, 0, destination.encode() + b"\0")
        return stream

    def _on_packet(self, command: int, first: int, second: int, data: bytes) -> None:
        if command == CNXN:
            self._checksums = min(self._identity.version, first) < _NO_CHECKSUM
            self.max_payload_bytes = min(self._identity.max_payload_bytes, second)
            self._challenge()
        elif command == AUTH:
            self._on_auth(first, data)
        elif not self.authorised:
            self.drop()
        elif command == OPEN:
            self._on_open(first, data)
        elif (stream := self.streams.get(second)) is not None:
            if command == WRTE:
                stream.on_data(data)
            elif command == OKAY:
                stream.on_okay(first)
            elif command == CLSE:
                stream.on_close()

    def _challenge(self) -> None:
        self.send(AUTH, _AUTH_TOKEN, 0, self._token)

    def _on_auth(self, kind: int, data: bytes) -> None:
        """A signature by an allowed key connects; an unknown public key is met with silence: `unauthorized`."""
        if kind != _AUTH_SIGNATURE:
            return
        identity = self._identity
        if any(key.signed(self._token, data) for key in identity.allowed()):
            self.authorised = True
            self.send(CNXN, identity.version, identity.max_payload_bytes, identity.banner.encode())
        else:
            self._challenge()

    def _on_open(self, remote: int, data: bytes) -> None:
        stream = Stream(self, next(self._numbers), remote)
        self.streams[stream.local] = stream
        task = asyncio.create_task(self._served(stream, data.rstrip(b"\0").decode(errors="surrogateescape")))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _served(self, stream: Stream, service: str) -> None:
        try:
            with contextlib.suppress(StreamClosed, OSError):
                await self._serve(self, stream, service)
        finally:
            stream.close()


def checksum(data: bytes | memoryview) -> int:
    """The sum of all bytes. Adler-32's lower half is that sum for blocks too short to wrap, and it is made in C."""
    view = memoryview(data)
    return sum(zlib.adler32(view[i : i + 256], 0) & 0xFFFF for i in range(0, len(view), 256)) & 0xFFFFFFFF
