"""The phone's control socket: how its owner sets faults, moves its clock, or stops it, without adb.

One JSON object a line each way. The socket lies in the phone's folder, which only its owner can enter.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from devbench.errors import DevbenchError
from devbench.virtual.errors import VirtualPhoneError

_NAME = "control"


class Controlled(Protocol):
    async def set_faults(self, specs: Sequence[str]) -> None: ...

    def advance_clock(self, seconds: float) -> None: ...


async def listen(folder: Path, phone: Controlled, stop: asyncio.Event) -> asyncio.Server:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            reply = await _obey(request, phone, stop)
        except (DevbenchError, OSError, ValueError, KeyError) as error:
            reply = {"error": getattr(error, "message", str(error)), "fix": getattr(error, "fix", None)}
        writer.write(json.dumps(reply).encode() + b"\n")
        writer.close()

    listener = socket.socket(socket.AF_UNIX)
    (folder / _NAME).unlink(missing_ok=True)
    with _Near(folder) as near:
        listener.bind(near)
    return await asyncio.start_unix_server(client, sock=listener)


async def _obey(request: dict[str, Any], phone: Controlled, stop: asyncio.Event) -> dict[str, Any]:
    if request["do"] == "faults":
        await phone.set_faults(request["specs"])
    elif request["do"] == "advance":
        phone.advance_clock(float(request["seconds"]))
    elif request["do"] == "stop":
        stop.set()
    else:
        raise ValueError(f"unknown request {request['do']!r}")
    return {}


def ask(folder: Path, request: dict[str, Any]) -> None:
    """One request to the phone of that folder; VirtualPhoneError if it is not running or refuses."""
    try:
        with socket.socket(socket.AF_UNIX) as end, _Near(folder) as near:
            end.settimeout(20)
            end.connect(near)
            end.sendall(json.dumps(request).encode() + b"\n")
            reply = json.loads(end.makefile().readline() or "{}")
    except OSError as error:
        raise VirtualPhoneError(
            f"{folder.name} does not answer: {error}", fix="devbench virtual list"
        ) from error
    if "error" in reply:
        raise VirtualPhoneError(str(reply["error"]), fix=reply.get("fix"))


class _Near:
    """A short name for a socket in a folder of any depth: the kernel takes at most 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> str:
        self._fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._fd}/{_NAME}"

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
