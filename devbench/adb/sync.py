"""Files to and from a phone by adb's sync service, in the largest chunks it takes.

adbutils sends 4 KiB a time and drops what `send` did not take; this fills the link and checks every byte.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from devbench.adb.deadline import Deadline, read_exactly
from devbench.adb.translate import device_error
from devbench.errors import DeviceError, DeviceOffline

if TYPE_CHECKING:
    import socket

    from devbench.adb.phone import Phone

CHUNK_BYTES = 64 * 1024  # the protocol's own limit for one DATA
_BATCH = 16
_HEADER = struct.Struct("<4sI")
MIN_BYTES_PER_S = 200_000  # slower than the worst USB 2 hub: below it a push is taken to hang


def push(
    phone: Phone, source: Path, target: str, *, mode: int = 0o644, between: Callable[[], None] | None = None
) -> int:
    """Copy `source` to `target` on the phone; the bytes sent. DiskFull, DeviceOffline and others.

    A large file waits while others travel (push_slots.py). `between` is called after each MiB and while waiting;
    what it raises ends the push.
    """
    size, between = source.stat().st_size, between or (lambda: None)
    with phone.server.push_slots.taken(size, between):
        return _push(phone, source, target, mode=mode, size=size, between=between)


def _push(
    phone: Phone, source: Path, target: str, *, mode: int, size: int, between: Callable[[], None]
) -> int:
    deadline = Deadline(60 + size / MIN_BYTES_PER_S, serial=phone.serial, command=f"push {target}")
    with phone.service("sync:", deadline, f"push {target}") as sock, open(source, "rb", buffering=0) as file:
        path = f"{target},{0o100000 | mode}".encode()
        sock.sendall(b"SEND" + struct.pack("<I", len(path)) + path)
        try:
            sent = _send_all(sock, file, deadline, between)
            sock.sendall(b"DONE" + struct.pack("<I", int(time.time())))
        except (ConnectionError, TimeoutError) as error:
            # a full disk answers FAIL and closes while we still send: its text says more than EPIPE
            raise _refusal(sock, deadline, phone.serial, target) or DeviceOffline(
                f"the connection broke: {error}", serial=phone.serial, command=f"push {target}"
            ) from error
        refused = _refusal(sock, deadline, phone.serial, target)
        if refused is not None:
            raise refused
    return sent


def _send_all(sock: socket.socket, file: BinaryIO, deadline: Deadline, between: Callable[[], None]) -> int:
    """Headers and data lie in one buffer that the file is read into: nothing is copied twice."""
    step = _HEADER.size + CHUNK_BYTES
    buffer = bytearray(step * _BATCH)
    view = memoryview(buffer)
    sent = 0
    ended = False
    while not ended:
        filled = 0
        while filled < len(buffer) and not ended:
            length = file.readinto(view[filled + _HEADER.size : filled + step])  # type: ignore[attr-defined]
            ended = not length
            if length:
                _HEADER.pack_into(buffer, filled, b"DATA", length)
                filled += _HEADER.size + length
                sent += length
        deadline.arm(sock)
        sock.sendall(view[:filled])
        between()
    return sent


def _refusal(sock: socket.socket, deadline: Deadline, serial: str, target: str) -> DeviceError | None:
    """None when the phone answered OKAY, else the error it named."""
    try:
        ident = read_exactly(sock, 4, deadline)
        length = read_exactly(sock, 4, deadline)
        if ident == b"OKAY":
            return None
        if ident == b"FAIL" and len(length) == 4:
            text = read_exactly(sock, struct.unpack("<I", length)[0], deadline).decode(errors="replace")
            return device_error(text, serial=serial, command=f"push {target}")
    except ConnectionError:
        pass
    return DeviceOffline("the connection closed in a push", serial=serial, command=f"push {target}")


def pull(phone: Phone, source: str, target: Path, *, deadline_s: float = 60.0) -> int:
    """Copy `source` from the phone to `target`, by way of a `.part` beside it; the bytes received."""
    deadline = Deadline(deadline_s, serial=phone.serial, command=f"pull {source}")
    part = target.with_name(target.name + ".part")
    try:
        with phone.service("sync:", deadline, f"pull {source}") as sock, open(part, "wb") as file:
            received = _receive(sock, file, source, deadline, phone.serial)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return received


def _receive(sock: socket.socket, file: BinaryIO, source: str, deadline: Deadline, serial: str) -> int:
    path = source.encode()
    sock.sendall(b"RECV" + struct.pack("<I", len(path)) + path)
    received = 0
    while True:
        ident, length = struct.unpack("<4sI", read_exactly(sock, 8, deadline))
        if ident == b"DONE":
            return received
        data = read_exactly(sock, length, deadline)
        if ident == b"FAIL":
            raise device_error(data.decode(errors="replace"), serial=serial, command=f"pull {source}")
        if ident != b"DATA" or len(data) < length:
            raise DeviceOffline("the connection closed in a pull", serial=serial, command=f"pull {source}")
        file.write(data)
        received += length
