"""Takes the calls of a phone's commands from its service socket and lets their handlers answer.

A call is one packet: the caller's folder and its arguments, each ended by NUL, with its standard streams
beside them (stub.py is the program that sends it). The reply is one byte, the exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

from devbench.virtual.android import (  # noqa: F401 - each registers its commands
    activities,
    dumpsys,
    logcat,
    packages,
    power,
    properties,
    settings,
    system,
    toolbox,
)
from devbench.virtual.android.call import HANDLERS, Call
from devbench.virtual.android.handset import Handset

_PACKET_BYTES = 1 << 18


async def serve(listener_fd: int, handset: Handset, reboot: Callable[[], None]) -> None:
    """Until the phone is off; each call is answered on its own."""
    loop = asyncio.get_running_loop()
    listener = socket.socket(fileno=listener_fd)
    listener.setblocking(False)
    tasks: set[asyncio.Task[None]] = set()
    handset.reboot = reboot
    init = handset.running

    async def accept() -> None:
        while True:
            end, _ = await loop.sock_accept(listener)
            task = asyncio.create_task(answer(end, handset))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    accepting = asyncio.create_task(accept())
    try:
        await init.gone.wait()
    finally:
        await end_tasks(accepting, *tasks)
        listener.close()


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancels and waits: a descriptor closed while the loop still watches it deafens the next one of its number."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def answer(end: socket.socket, handset: Handset) -> None:
    """One call, to its exit code; a caller that was killed ends its handler."""
    loop = asyncio.get_running_loop()
    end.setblocking(False)
    fds: list[int] = []
    try:
        with end:
            data, fds = await receive(end)
            if len(fds) != 3:
                return
            folder, *words = data.rstrip(b"\0").decode(errors="surrogateescape").split("\0")
            gone = asyncio.Event()
            call = Call(
                handset=handset, name=PurePosixPath(words[0]).name, arguments=words[1:], folder=folder,
                stdin=fds[0], stdout=fds[1], stderr=fds[2], gone=gone,
            )  # fmt: skip
            handling = asyncio.create_task(handle(call))
            leaving = asyncio.create_task(loop.sock_recv(end, 1))
            try:
                await asyncio.wait({handling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.set()
                await end_tasks(handling, leaving)
            if not handling.cancelled():
                await loop.sock_sendall(end, bytes([handling.result() & 0xFF]))
    except OSError:
        return
    finally:
        for fd in fds:
            os.close(fd)


async def receive(end: socket.socket) -> tuple[bytes, list[int]]:
    loop = asyncio.get_running_loop()
    while True:
        try:
            data, fds, _, _ = socket.recv_fds(end, _PACKET_BYTES, 3)
            return data, fds
        except BlockingIOError:
            ready = asyncio.Event()
            loop.add_reader(end.fileno(), ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(end.fileno())


async def handle(call: Call) -> int:
    handler = HANDLERS.get(call.name)
    if handler is None:
        call.complain(f"{call.name}: not answered by this virtual phone")
        code = 1
    else:
        try:
            code = await handler(call)
        except (BrokenPipeError, ConnectionResetError):
            return 1
        except Exception:  # a handler's mistake must end its call, not the phone
            logging.exception("%s %s", call.name, call.arguments)
            call.complain(f"{call.name}: internal error, see the phone's daemon.log")
            code = 1
    with contextlib.suppress(OSError):
        await call.flush()
    return code
