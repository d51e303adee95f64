"""The daemon's hold on one running phone: starts its init, sends it requests, and hears of exits.

All descriptors that it hands out belong to the phone's namespaces; paths are looked up inside the phone only.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from devbench.virtual import wire
from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.init import STAT_FIELDS

_MENDS = {
    "unshare": "on Ubuntu 24.04: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0; on other hosts: sudo "
    "sysctl user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1; in Docker: --privileged, or "
    "--cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined",
    "write": "on Ubuntu 24.04: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    "mount": "in Docker: --privileged, or --security-opt systempaths=unconfined --security-opt apparmor=unconfined "
    "--cap-add SYS_ADMIN; elsewhere sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
}


def refusal(message: Mapping[str, Any]) -> VirtualPhoneError:
    """What init could not do, as an error that names the way out."""
    step, reason = str(message["failed"]), os.strerror(int(message["errno"]))
    kind = (
        "mount"
        if step.startswith(("mount", "unmount", "pivot"))
        else "unshare"
        if step == "unshare"
        else "write"
    )
    return VirtualPhoneError(f"this host does not allow virtual phones: {step}: {reason}", fix=_MENDS[kind])


class Init:
    """A phone's process 1: `start`, then requests from any coroutine, until `kill` or its own end."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[tuple[Any, list[int]]]] = {}
        self._exits: dict[int, asyncio.Future[int]] = {}
        self._ended: dict[int, int] = {}
        self.pid = 0
        self.listener = -1
        self.emulates = False
        self.gone = asyncio.Event()
        self.killed = False

    async def start(self) -> None:
        """Makes the namespaces and the root folder; VirtualPhoneError says which step was refused."""
        ours, theirs = wire.pair()
        with theirs:
            self._process = launch(theirs)
        wire.send(ours, self._spec)
        self._end = ours
        try:
            await asyncio.wait_for(asyncio.to_thread(self._handshake), 20)
        except (EOFError, ConnectionError, TimeoutError) as error:
            raise VirtualPhoneError(
                "the phone's first process ended at once", fix="see its daemon.log"
            ) from error
        ours.setblocking(False)
        asyncio.get_running_loop().add_reader(ours.fileno(), self._on_message)

    def _handshake(self) -> None:
        while not (self.pid and self.listener >= 0):
            message, fds = wire.receive(self._end)
            if "failed" in message:
                raise refusal(message)
            self.pid = message.get("init_pid", self.pid)
            if message.get("ready"):
                self.listener = fds[0]
                self.emulates = bool(message["emulates"])

    def _on_message(self) -> None:
        try:
            message, fds = wire.receive(self._end)
        except BlockingIOError:
            return
        except (EOFError, OSError):
            self._lost()
            return
        if "exit" in message:
            self._exited(message["exit"], message["code"])
        else:
            self._answered(message, fds)

    def _answered(self, message: dict[str, Any], fds: list[int]) -> None:
        future = self._waiting.pop(message["id"], None)
        if future is None or future.done():
            for fd in fds:
                os.close(fd)
        elif "errno" in message:
            future.set_exception(OSError(message["errno"], os.strerror(message["errno"])))
        else:
            future.set_result((message["value"], fds))

    def _exited(self, pid: int, code: int) -> None:
        future = self._exits.pop(pid, None)
        if future is None:
            self._ended[pid] = code
        elif not future.done():
            future.set_result(code)

    def _lost(self) -> None:
        asyncio.get_running_loop().remove_reader(self._end.fileno())
        self._end.close()
        self.gone.set()
        pending: list[asyncio.Future[Any]] = [*self._waiting.values(), *self._exits.values()]
        for future in pending:
            if not future.done():
                future.set_exception(ConnectionResetError("the phone is off"))
        self._waiting.clear()
        self._exits.clear()

    async def ask(self, do: str, *, fds: Sequence[int] = (), **arguments: Any) -> tuple[Any, list[int]]:
        """One request; OSError as the phone's kernel answered."""
        if self.gone.is_set():
            raise ConnectionResetError("the phone is off")
        number = next(self._numbers)
        future: asyncio.Future[tuple[Any, list[int]]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        message = {"id": number, "do": do, "with": arguments}
        while True:
            try:
                wire.send(self._end, message, tuple(fds))
                break
            except BlockingIOError:
                await asyncio.sleep(0.001)
            except OSError:
                self._waiting.pop(number, None)
                raise
        return await future

    async def spawn(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        fds: Sequence[int],
        cpus: Sequence[int],
        *,
        terminal: bool,
    ) -> int:
        """Starts a program of the phone with `fds` as its standard streams; its pid in the phone."""
        value, _ = await self.ask(
            "spawn", fds=fds, argv=list(argv), env=dict(env), cpus=list(cpus), terminal=terminal
        )
        return int(value)

    async def wait(self, pid: int) -> int:
        """The exit code, or minus the signal's number."""
        if pid in self._ended:
            return self._ended.pop(pid)
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._exits[pid] = future
        return await future

    async def signal(self, pid: int, number: int, *, group: bool = False) -> None:
        with contextlib.suppress(OSError):
            await self.ask("signal", pid=pid, number=number, group=group)

    async def open(self, path: str, flags: int, mode: int = 0) -> int:
        _, fds = await self.ask("open", path=path, flags=flags, mode=mode)
        return fds[0]

    async def stat(self, path: str, *, follow: bool) -> dict[str, int]:
        value, _ = await self.ask("fs", name="stat" if follow else "lstat", path=path)
        return dict(zip(STAT_FIELDS, value, strict=True))

    def kill(self) -> None:
        """Switches the phone off: with process 1 everything in it ends."""
        self.killed = True
        if self.pid and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, 9)
        self._process.wait(10)


def launch(end: socket.socket) -> subprocess.Popen[bytes]:
    package = Path(__file__).resolve().parents[2]
    command = (
        f"import sys; sys.path.insert(0, {str(package)!r}); from devbench.virtual.init import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", command, str(end.fileno())],
        pass_fds=[end.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
