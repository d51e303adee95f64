"""Messages with file descriptors between the daemon and a phone's init, because a descriptor opened inside a
phone is the one thing that can leave it without a path being looked up twice.

One message is one SOCK_SEQPACKET packet: a JSON object, and up to eight descriptors beside it.
"""

from __future__ import annotations

import array
import json
import socket
from typing import Any

MAX_BYTES = 1 << 18
_MAX_FDS = 8
_FD_BYTES = array.array("i").itemsize


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends with room for long commands."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_BYTES)
    return ends


def send(end: socket.socket, message: dict[str, Any], fds: tuple[int, ...] = ()) -> None:
    """One message; OSError EMSGSIZE when it is longer than a packet may be."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    end.sendmsg([json.dumps(message).encode()], rights)


def receive(end: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next message and its descriptors (not inherited by children); EOFError when the other end is gone."""
    data, ancillary, _flags, _address = end.recvmsg(
        MAX_BYTES, socket.CMSG_SPACE(_MAX_FDS * _FD_BYTES), socket.MSG_CMSG_CLOEXEC
    )
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(payload[: len(payload) - len(payload) % _FD_BYTES])
    if not data:
        raise EOFError
    return json.loads(data), list(fds)
