"""`shell:` and `exec:` of an adbd: a command of the phone between a stream and pipes or a terminal.

Protocol v2 (Android 7) frames standard streams, the exit code, the end of stdin and the window's size; v1 has
none of them, and before Android 7 always a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shlex
import signal
import struct
import termios
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from devbench.virtual.init import SHELL_UID
from devbench.virtual.link import Stream, StreamClosed
from devbench.virtual.phone import Init
from devbench.virtual.pipes import Descriptor, pipe_for

_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN, _WINDOW = range(6)
_FRAME = struct.Struct("<BI")


class Starter(Protocol):
    """What a shell needs of its phone."""

    @property
    def init(self) -> Init: ...

    def environment(self) -> dict[str, str]: ...

    def shell(self) -> list[str]: ...

    def measuring_place(
        self, command: str, given_up: Callable[[], Coroutine[Any, Any, None]]
    ) -> contextlib.AbstractAsyncContextManager[tuple[list[int], int | None]]:
        """Waits for the core a measuring command needs: its CPUs, and the lock it shall hold while it lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A parsed service name: `command` is empty for an interactive shell."""

    command: str
    framed: bool
    terminal: bool
    term: str | None


def parse_request(service: str, *, always_terminal: bool) -> Request:
    """`shell:ls`, `shell,v2,TERM=xterm,raw:ls`, `exec:ls` → what to start; older phones know no arguments."""
    head, _, command = service.partition(":")
    kind, *arguments = head.split(",")
    framed = "v2" in arguments or kind == "abb"
    if kind in ("abb", "abb_exec"):
        command = shlex.join(["cmd", *command.split("\0")])
    terminal = (not command or always_terminal) and kind == "shell"
    if "pty" in arguments:
        terminal = True
    elif "raw" in arguments:
        terminal = False
    term = next((text[5:] for text in arguments if text.startswith("TERM=")), None)
    return Request(command=command, framed=framed, terminal=terminal, term=term)


async def serve_shell(stream: Stream, request: Request, phone: Starter, *, noise: bytes = b"") -> None:
    """Runs the command until it has ended and all its output is sent, or until the other side closes.

    `noise` goes out before anything else.
    """
    stream.accept()
    async with phone.measuring_place(request.command, stream.wait_closed) as (cpus, lock):
        session = await _start(stream, request, phone, cpus, lock)
    reader = asyncio.create_task(session.pump_input())
    try:
        if noise:
            await session.send(_STDOUT, noise)
        await asyncio.gather(*(session.pump_output(ident, end) for ident, end in session.outputs))
        code = await phone.init.wait(session.pid)
        if request.framed:
            shown = 128 - code if code < 0 else code
            await stream.write(_FRAME.pack(_EXIT, 1) + bytes([shown & 0xFF]))
    except (StreamClosed, asyncio.CancelledError):
        await asyncio.shield(session.hang_up())
        raise
    finally:
        reader.cancel()
        session.close()


async def _start(
    stream: Stream, request: Request, phone: Starter, cpus: list[int], lock: int | None
) -> Session:
    env = phone.environment()
    if request.terminal:
        env["TERM"] = request.term or "vt100"
    outputs: list[tuple[int, Descriptor]]
    if request.terminal:
        _, (master_fd, slave) = await phone.init.ask("terminal")
        master = Descriptor(master_fd)
        stdin, outputs, given = master, [(_STDOUT, master)], [slave, slave, slave]
    else:
        stdin, given_in = pipe_for(SHELL_UID, ours_reads=False)
        stdout, given_out = pipe_for(SHELL_UID, ours_reads=True)
        outputs, given = [(_STDOUT, stdout)], [given_in, given_out, given_out]
        if request.framed:
            stderr, given[2] = pipe_for(SHELL_UID, ours_reads=True)
            outputs.append((_STDERR, stderr))
    argv = [*phone.shell(), "-c", request.command] if request.command else [*phone.shell(), "-i"]
    fds = given + ([lock] if lock is not None else [])
    try:
        pid = await phone.init.spawn(argv, env, fds, cpus, terminal=request.terminal)
    finally:
        for fd in set(given):
            os.close(fd)
    return Session(stream, request, phone.init, pid, stdin, outputs)


class Session:
    """A running command, its ends, and what flows between them and the stream."""

    def __init__(
        self,
        stream: Stream,
        request: Request,
        init: Init,
        pid: int,
        stdin: Descriptor,
        outputs: list[tuple[int, Descriptor]],
    ) -> None:
        self._stream = stream
        self._framed = request.framed
        self._terminal = request.terminal
        self._init = init
        self.pid = pid
        self._stdin = stdin
        self.outputs = outputs

    def close(self) -> None:
        self._stdin.close()
        for _, end in self.outputs:
            end.close()

    async def hang_up(self) -> None:
        if not (self._framed or self._terminal):
            self._stdin.close()
            return
        await self._init.signal(self.pid, signal.SIGHUP, group=True)
        self.close()

    async def pump_output(self, ident: int, end: Descriptor) -> None:
        while data := await end.read():
            await self.send(ident, data)

    async def send(self, ident: int, data: bytes) -> None:
        await self._stream.write(_FRAME.pack(ident, len(data)) + data if self._framed else data)

    async def pump_input(self) -> None:
        """Until the other side closes. A bare pipe just ends; else the command is told, as by a lost terminal."""
        with contextlib.suppress(OSError, StreamClosed):
            if self._framed:
                async for ident, payload in self._frames():
                    await self._on_frame(ident, payload)
            else:
                while data := await self._stream.read():
                    with contextlib.suppress(OSError):
                        await self._stdin.write(data)
            await self.hang_up()

    async def _frames(self) -> AsyncIterator[tuple[int, bytes]]:
        buffer = bytearray()
        while data := await self._stream.read():
            buffer += data
            while len(buffer) >= _FRAME.size:
                ident, length = _FRAME.unpack_from(buffer)
                if len(buffer) < _FRAME.size + length:
                    break
                payload = bytes(buffer[_FRAME.size : _FRAME.size + length])
                del buffer[: _FRAME.size + length]
                yield ident, payload

    async def _on_frame(self, ident: int, payload: bytes) -> None:
        if ident == _STDIN:
            with contextlib.suppress(OSError):
                await self._stdin.write(payload)
        elif ident == _CLOSE_STDIN and not self._terminal:
            self._stdin.close()
        elif ident == _WINDOW and self._terminal:
            set_window(self._stdin.fd, payload)


def set_window(fd: int, payload: bytes) -> None:
    """`24x80,640x480` as rows × columns and pixels; anything else is ignored."""
    with contextlib.suppress(ValueError, OSError):
        cells, _, pixels = payload.rstrip(b"\0").decode().partition(",")
        rows, columns = (int(part) for part in cells.split("x"))
        width, height = (int(part) for part in (pixels or "0x0").split("x"))
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, width, height))
