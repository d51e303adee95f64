"""A phone whose streams end where a test wants: real sockets, real framing, a real file that `follow` reads on.

The phone knows two commands: the start of a job, and `again offset=N`. Anything else is an error of the test.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from devbench.adb import Phone, ShellResult
from devbench.adb.phone import ShellStream
from devbench.devices.boot import BOOT_SCRIPT
from devbench.domain.device import DeviceInfo
from devbench.errors import DeviceOffline
from devbench.runners.base import Limits, Site, Talk

START, AGAIN = "start", "again"
STARTED = b'{"event":"started","pid":1,"out":"/o"}\n'
GONE = b'{"event":"gone"}\n'
NO_FILE = b'{"event":"error","kind":"usage","step":"arguments","message":"no such file","code":2}\n'


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One connection: how many bytes of its output arrive, what stands before them, and how it ends.

    `bytes_` None: all of them, then the exit code. `silent`: nothing more comes, and the connection stays.
    """

    bytes_: int | None = None
    noise: bytes = b""
    chunk: int = 1 << 16
    silent: bool = False
    refused: bool = False
    exit_code: int = 0
    output: bytes | None = None


class _Server:
    """Phones come back at once, as often as `backs` says."""

    def __init__(self, backs: int) -> None:
        self.backs = backs
        self.waited = 0

    def track(self, *, deadline_s: float) -> Iterator[Any]:
        self.waited += 1
        if self.waited > self.backs:
            yield ()
            from devbench.errors import DeadlinePassed

            raise DeadlinePassed("x", serial="S")
        yield (type("T", (), {"serial": "S", "state": "device"})(),)

    def listening(self) -> bool:
        return True


@dataclass
class CutPhone:
    """`file` is what the job writes; each command takes the next of `streams`, then unbroken ones."""

    file: bytes
    streams: list[Stream] = field(default_factory=list)
    framed: bool = True
    exists: bool = True
    backs: int = 99
    serial: str = "S"
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = _Server(self.backs)

    @contextlib.contextmanager
    def stream(self, command: str, *, deadline_s: float = 30.0) -> Iterator[ShellStream]:
        self.commands.append(command)
        plan = self.streams.pop(0) if self.streams else Stream()
        if plan.refused:
            raise DeviceOffline("refused", serial=self.serial, command=command)
        ours, theirs = socket.socketpair()
        writer = threading.Thread(target=self._write, args=(theirs, plan, self._output(command, plan)))
        writer.start()
        try:
            with ours:
                yield ShellStream(ours, serial=self.serial, command=command, framed=self.framed)
        finally:
            theirs.close()
            writer.join()

    def shell(self, command: str, *, deadline_s: float) -> ShellResult:
        """It is always the same start of this phone."""
        assert command == BOOT_SCRIPT
        return ShellResult(stdout="== booted\n1\n== start\n== first\n", stderr="", exit_code=0)

    def _output(self, command: str, plan: Stream) -> bytes:
        if plan.output is not None:
            return plan.output
        if command == START:
            self.exists = True
            return STARTED + self.file
        again = re.fullmatch(rf"{AGAIN} offset=(\d+)", command)
        assert again is not None, f"this phone knows no {command!r}"
        return self.file[int(again[1]) :] if self.exists else NO_FILE

    def _write(self, sock: socket.socket, plan: Stream, output: bytes) -> None:
        data = plan.noise + (output if plan.bytes_ is None else output[: plan.bytes_])
        with contextlib.suppress(OSError):
            for start in range(0, len(data), plan.chunk):
                part = data[start : start + plan.chunk]
                sock.sendall(struct.pack("<BI", 1, len(part)) + part if self.framed else part)
            if plan.silent:
                return
            if self.framed and plan.bytes_ is None:
                sock.sendall(struct.pack("<BI", 3, 1) + bytes([plan.exit_code]))
            sock.shutdown(socket.SHUT_RDWR)

    def site(self, **limits: float) -> Site:
        ignore = Talk(pushed=lambda *_: None, sample=lambda *_: None)
        return Site(
            phone=cast(Phone, self), info=cast(DeviceInfo, SimpleNamespace(sdk=27)),
            stop=threading.Event(), talk=ignore,
            limits=Limits(**{"back_within_s": 0.5, "silence_s": 5.0, **limits}),
        )  # fmt: skip


def job_file(*, steady: int = 40, chunk: int = 4, log: str = "größer – 模型 \u0000 \ud83d\ude00") -> bytes:
    """A job's lines, as the runner writes them; the engine's message is not ASCII, and one is no valid UTF-8."""
    events: list[dict[str, Any]] = [
        {"event": "hello", "protocol": 1, "version": "0", "abi": "x86_64", "pid": 7, "nonce": "n"},
        {"event": "log", "text": log},
        {"event": "sample", "phase": "load", "start_ns": 1, "ns": [1000]},
        {"event": "sample", "phase": "first", "start_ns": 2, "ns": [2000]},
    ]
    for first in range(0, steady, chunk):
        values = list(range(first, min(first + chunk, steady)))
        events.append({"event": "sample", "phase": "steady", "start_ns": first, "ns": values})
    events += [
        {"event": "end", "status": "ok", "samples": {"load": 1, "first": 1, "warmup": 0, "steady": steady}},
        {"event": "exit", "code": 0, "signal": None},
    ]
    lines = [
        json.dumps(e, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        for e in events
    ]
    lines.insert(2, b'{"event":"log","text":"latin \xe9\xff and cut \xf0\x9f"}')
    return b"\n".join(lines) + b"\n"
