"""Sockets between a host and a phone: `tcp:` and `localabstract:` services (adb forward), and `reverse:`.

All sockets of the phone's side belong to the phone's own network: no port of the host is reachable through
them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

from devbench.virtual.link import Link, Stream, StreamClosed
from devbench.virtual.phone import Init

_CHUNK_BYTES = 1 << 18
_UNIX_PREFIX = {"localabstract": "\0", "localfilesystem": "", "localreserved": "/dev/socket/", "local": ""}
FORWARDS = ("tcp", *_UNIX_PREFIX)


def parse_address(name: str) -> tuple[str, Any]:
    """`tcp:8080`, `tcp:host:80`, `localabstract:x` → family and address for init.py; ValueError otherwise."""
    kind, _, rest = name.partition(":")
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        return "inet", [host if host not in ("", "localhost") else "127.0.0.1", int(port)]
    if kind in _UNIX_PREFIX:
        return "unix", _UNIX_PREFIX[kind] + rest
    raise ValueError(name)


async def serve_forward(stream: Stream, name: str, init: Init) -> None:
    """One connection of a forward: refused (the stream closes) when nothing listens there."""
    try:
        family, address = parse_address(name)
    except ValueError:
        return
    _, (fd,) = await init.ask("socket", name="connect", family=family, address=address)
    stream.accept()
    await join(stream, socket.socket(fileno=fd))


async def join(stream: Stream, end: socket.socket) -> None:
    """Copies both ways until either side closes."""
    loop = asyncio.get_running_loop()
    end.setblocking(False)

    async def outward() -> None:
        while data := await loop.sock_recv(end, _CHUNK_BYTES):
            await stream.write(data)

    async def inward() -> None:
        while data := await stream.read():
            await loop.sock_sendall(end, data)

    tasks = [asyncio.create_task(outward()), asyncio.create_task(inward())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(OSError, StreamClosed, asyncio.CancelledError):
                await task
        end.close()


class Reverse:
    """The listeners a host has placed on the phone; each accepted connection becomes a stream to the host."""

    def __init__(self, init: Init) -> None:
        self._init = init
        self._listeners: dict[str, tuple[str, asyncio.Task[None]]] = {}

    async def serve(self, stream: Stream, link: Link, command: str) -> None:
        """`forward:[norebind:]REMOTE;LOCAL`, `killforward:REMOTE`, `killforward-all`, `list-forward`."""
        stream.accept()
        verb, _, rest = command.partition(":")
        try:
            if verb == "forward":
                reply = await self._add(link, rest)
            elif verb == "killforward":
                self._listeners.pop(rest)[1].cancel()
                reply = b"OKAY"
            elif verb == "killforward-all":
                self.clear()
                reply = b"OKAY"
            else:
                lines = "".join(
                    f"(reverse) {remote} {local}\n" for remote, (local, _) in self._listeners.items()
                )
                reply = counted(lines)
        except (KeyError, OSError, ValueError) as error:
            reply = b"FAIL" + counted(f"cannot bind listener: {getattr(error, 'strerror', error)}")
        await stream.write(reply)

    async def _add(self, link: Link, rest: str) -> bytes:
        no_rebind = rest.startswith("norebind:")
        remote, _, local = rest.removeprefix("norebind:").partition(";")
        if remote in self._listeners:
            if no_rebind:
                raise OSError(0, "cannot rebind existing socket")
            self._listeners.pop(remote)[1].cancel()
        family, address = parse_address(remote)
        bound, (fd,) = await self._init.ask("socket", name="listen", family=family, address=address)
        name = f"tcp:{bound[1]}" if family == "inet" else remote
        task = asyncio.create_task(self._accept(link, socket.socket(fileno=fd), local))
        self._listeners[name] = (local, task)
        return b"OKAY" + (counted(str(bound[1])) if remote == "tcp:0" else b"")

    async def _accept(self, link: Link, listener: socket.socket, local: str) -> None:
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        joined: set[asyncio.Task[None]] = set()
        with listener:
            while True:
                end, _ = await loop.sock_accept(listener)
                task = asyncio.create_task(self._carry(link, end, local))
                joined.add(task)
                task.add_done_callback(joined.discard)

    async def _carry(self, link: Link, end: socket.socket, local: str) -> None:
        stream = link.open(local)
        with contextlib.suppress(OSError, StreamClosed):
            await join(stream, end)
        stream.close()

    def clear(self) -> None:
        for _, task in self._listeners.values():
            task.cancel()
        self._listeners.clear()


def counted(text: str) -> bytes:
    return f"{len(text.encode()):04x}".encode() + text.encode()
