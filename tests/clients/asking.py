"""The clients that speak to phones, each behind the same few words, so that one table can question them all.

A client's own way is kept wherever it has one (`adb ls`, adbutils' `sync`, the binary log of the Node.js client);
what it lacks is said in `lacks`, never imitated.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from adbutils import AdbClient, AdbDevice
from adbutils.errors import AdbError

from devbench.virtual import VirtualPhone
from tests.virtual.conftest import Lab

_ANSWER_S = 60
Done = tuple[bytes, bytes, int]
Listing = dict[str, tuple[int, int, int]]


class Refused(Exception):
    """What a client shows when the phone says no."""


class Client(Protocol):
    """One client at one phone; every method raises Refused when the phone, or the client, says no."""

    lacks: frozenset[str]

    def state(self) -> str: ...

    def model(self) -> str: ...

    def features(self) -> list[str]: ...

    def shell(self, command: str) -> Done:
        """Shell protocol v2: both streams and the exit code."""

    def old_shell(self, command: str) -> bytes:
        """Shell protocol v1: one stream."""

    def raw(self, command: str) -> bytes:
        """`exec:`, one stream that nobody touches."""

    def push(self, local: Path, remote: str) -> None:
        """The files below `local` to below `remote`, with modes, and with times unless it lacks them."""

    def pull(self, remote: str, local: Path) -> None:
        """The files below `remote` to below `local`, with modes and times."""

    def read(self, remote: str) -> bytes: ...

    def write(self, remote: str, data: bytes) -> None: ...

    def listing(self, remote: str) -> Listing:
        """Mode, size and time of modification (s) of each name in a folder."""

    def install(self, apk: Path) -> None: ...

    def uninstall(self, package: str) -> None: ...

    def log(self) -> list[tuple[str, str, str]]:
        """Priority, tag and message of each entry."""

    def clear_log(self) -> None: ...

    def forward(self, remote: str) -> int:
        """The port of this machine that leads to `remote` in the phone."""

    def reverse(self, remote: str, port: int) -> None: ...

    def unreverse(self, remote: str) -> None: ...

    def reboot(self) -> None:
        """Returns when the phone is back."""

    def close(self) -> None: ...


def brief_log(text: str) -> list[tuple[str, str, str]]:
    """The entries of `logcat -v brief`."""
    found = re.findall(r"^([VDIWEF])/(.*?) *\( *\d+\): (.*?)\r*$", text, re.MULTILINE)
    return [(priority, tag, message) for priority, tag, message in found]


class Program:
    """An `adb` program, of the lab's version."""

    lacks: frozenset[str] = frozenset()

    def __init__(self, lab: Lab, phone: VirtualPhone, scratch: Path) -> None:
        self._lab, self._phone, self._scratch = lab, phone, scratch

    def _run(self, *words: str) -> bytes:
        done = self._lab.run(self._phone, *words)
        if done.returncode != 0:
            raise Refused((done.stdout + done.stderr).decode(errors="replace"))
        return done.stdout

    def state(self) -> str:
        lines = self._lab.run(None, "devices").stdout.decode().splitlines()
        states = dict(line.split("\t") for line in lines if "\t" in line)
        return states.get(self._phone.serial, "absent")

    def model(self) -> str:
        lines = self._lab.run(None, "devices", "-l").stdout.decode().splitlines()
        line = next(line for line in lines if line.startswith(f"{self._phone.serial} "))
        return line.partition("model:")[2].split()[0].replace("_", " ")

    def features(self) -> list[str]:
        return self._run("features").decode().split()

    def shell(self, command: str) -> Done:
        done = self._lab.run(self._phone, "shell", command)
        return done.stdout, done.stderr, done.returncode

    def old_shell(self, command: str) -> bytes:
        return self._run("shell", "-x", command)

    def raw(self, command: str) -> bytes:
        return self._run("exec-out", command)

    def push(self, local: Path, remote: str) -> None:
        self._run("push", f"{local}/.", remote)

    def pull(self, remote: str, local: Path) -> None:
        self._run("pull", "-a", f"{remote}/.", str(local))

    def read(self, remote: str) -> bytes:
        self._run("pull", remote, str(self._scratch / "read"))
        return (self._scratch / "read").read_bytes()

    def write(self, remote: str, data: bytes) -> None:
        (self._scratch / "write").write_bytes(data)
        self._run("push", str(self._scratch / "write"), remote)

    def listing(self, remote: str) -> Listing:
        rows = (line.split(" ", 3) for line in self._run("ls", remote).decode().splitlines())
        return {name: (int(mode, 16), int(size, 16), int(time, 16)) for mode, size, time, name in rows}

    def install(self, apk: Path) -> None:
        """Without shell v2 the program's exit code knows nothing of `pm`'s."""
        answer = self._run("install", str(apk)).decode()
        if "Success" not in answer:
            raise Refused(answer)

    def uninstall(self, package: str) -> None:
        self._run("uninstall", package)

    def log(self) -> list[tuple[str, str, str]]:
        return brief_log(self._run("logcat", "-d", "-v", "brief").decode())

    def clear_log(self) -> None:
        self._run("logcat", "-c")

    def forward(self, remote: str) -> int:
        return int(self._run("forward", "tcp:0", remote))

    def reverse(self, remote: str, port: int) -> None:
        self._run("reverse", remote, f"tcp:{port}")

    def unreverse(self, remote: str) -> None:
        self._run("reverse", "--remove", remote)

    def reboot(self) -> None:
        self._run("reboot")
        self._run("wait-for-disconnect")
        self._run("wait-for-device")

    def close(self) -> None:
        pass


class Adbutils:
    """adbutils, the Python client that devbench itself uses."""

    # its `push` stamps files with the present time, and it drops the text of a refused one
    lacks = frozenset({"push times", "push reasons"})

    def __init__(self, lab: Lab, phone: VirtualPhone) -> None:
        self._client = AdbClient(host=lab.server.host, port=lab.server.port, socket_timeout=60)
        self._serial = phone.serial
        self._device: AdbDevice = self._client.device(phone.serial)

    def state(self) -> str:
        states = {info.serial: info.state for info in self._client.list()}
        return str(states.get(self._serial, "absent"))

    def model(self) -> str:
        return str(self._device.prop.model)

    def features(self) -> list[str]:
        return [name for name in self._device.get_features().split(",") if name]

    def shell(self, command: str) -> Done:
        done = self._device.shell2(command, encoding=None, v2=True)
        return done.stdout, done.stderr, done.returncode

    def old_shell(self, command: str) -> bytes:
        return bytes(self._device.shell(command, encoding=None))

    def raw(self, command: str) -> bytes:
        with self._device.open_transport(timeout=_ANSWER_S) as connection:
            connection.send_command(f"exec:{command}")
            connection.check_okay()
            return bytes(connection.read_until_close(encoding=None))

    def push(self, local: Path, remote: str) -> None:
        for path in sorted(path for path in local.rglob("*") if path.is_file()):
            mode = stat.S_IMODE(path.stat().st_mode)
            self._device.sync.push(path, f"{remote}/{path.relative_to(local)}", mode=mode)

    def pull(self, remote: str, local: Path) -> None:
        """Modes and times are those of its own listing: its `pull` leaves them out."""
        self._device.sync.pull(remote, local, exist_ok=True)
        folders = [PurePosixPath(remote)]
        while folders:
            folder = folders.pop()
            for name, (mode, _, time) in self.listing(str(folder)).items():
                if name in (".", ".."):
                    continue
                if stat.S_ISDIR(mode):
                    folders.append(folder / name)
                    continue
                target = local / (folder / name).relative_to(remote)
                target.chmod(stat.S_IMODE(mode))
                os.utime(target, (time, time))

    def read(self, remote: str) -> bytes:
        try:
            return bytes(self._device.sync.read_bytes(remote))
        except AdbError as error:
            raise Refused(str(error)) from error

    def write(self, remote: str, data: bytes) -> None:
        try:
            self._device.sync.push(data, remote)
        except AdbError as error:
            raise Refused(str(error)) from error

    def listing(self, remote: str) -> Listing:
        found = self._device.sync.list(remote)
        return {entry.path: (entry.mode, entry.size, int(entry.mtime.timestamp())) for entry in found}

    def install(self, apk: Path) -> None:
        """By push and `pm install`, the two halves of its `install`, which asks for a package reader first."""
        remote = f"/data/local/tmp/{apk.name}"
        self._device.sync.push(apk, remote)
        try:
            self._device.install_remote(remote, clean=True)
        except AdbError as error:
            raise Refused(str(error)) from error

    def uninstall(self, package: str) -> None:
        answer = self._device.uninstall(package)
        if "Success" not in answer:
            raise Refused(answer)

    def log(self) -> list[tuple[str, str, str]]:
        return brief_log(str(self._device.shell("logcat -d -v brief")))

    def clear_log(self) -> None:
        self._device.shell("logcat -c")

    def forward(self, remote: str) -> int:
        return int(self._device.forward_port(remote))

    def reverse(self, remote: str, port: int) -> None:
        self._device.reverse(remote, f"tcp:{port}")

    def unreverse(self, remote: str) -> None:
        self._device.reverse_remove(remote)

    def reboot(self) -> None:
        # who asks only afterwards may find the phone back already, or not yet gone
        with ThreadPoolExecutor(1) as pool:
            gone = pool.submit(self._client.wait_for, self._serial, state="disconnect")
            self._device.reboot()
            gone.result()
        self._client.wait_for(self._serial, state="device")

    def close(self) -> None:
        pass


class Node:
    """conformance.mjs: a Node.js client, through the adb server or straight to the phone."""

    lacks: frozenset[str] = frozenset()

    def __init__(self, command: list[str], *, lacks: frozenset[str] = frozenset()) -> None:
        self.lacks = lacks
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, step: str, **arguments: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"step": step, "arguments": arguments}).encode() + b"\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], _ANSWER_S)[0]:
            self._process.kill()
        line = self._process.stdout.readline()
        assert line, f"node ended at {step} with {self._process.wait()}"
        said = json.loads(line)
        if "error" in said:
            raise Refused(said["error"])
        return said["answer"]

    def state(self) -> str:
        return str(self._ask("state"))

    def model(self) -> str:
        """An adb server shows spaces as `_`."""
        return str(self._ask("model")).replace("_", " ")

    def features(self) -> list[str]:
        return list(self._ask("features"))

    def shell(self, command: str) -> Done:
        out, err, code = self._ask("shell", command=command)
        return base64.b64decode(out), base64.b64decode(err), code

    def old_shell(self, command: str) -> bytes:
        return base64.b64decode(self._ask("old_shell", command=command))

    def raw(self, command: str) -> bytes:
        return base64.b64decode(self._ask("raw", command=command))

    def push(self, local: Path, remote: str) -> None:
        self._ask("push", local=str(local), remote=remote)

    def pull(self, remote: str, local: Path) -> None:
        self._ask("pull", remote=remote, local=str(local))

    def read(self, remote: str) -> bytes:
        return base64.b64decode(self._ask("read", remote=remote))

    def write(self, remote: str, data: bytes) -> None:
        self._ask("write", remote=remote, data=base64.b64encode(data).decode())

    def listing(self, remote: str) -> Listing:
        return {name: (mode, size, time) for name, mode, size, time in self._ask("listing", remote=remote)}

    def install(self, apk: Path) -> None:
        self._ask("install", apk=str(apk))

    def uninstall(self, package: str) -> None:
        self._ask("uninstall", package=package)

    def log(self) -> list[tuple[str, str, str]]:
        """From the binary log; its reader knows the headers of Android 7 and newer only."""
        if "shell_v2" not in self.features():
            return brief_log(self.raw("logcat -d -v brief").decode())
        return [(priority, tag, message) for priority, tag, message in self._ask("log")]

    def clear_log(self) -> None:
        self._ask("clear_log")

    def forward(self, remote: str) -> int:
        return int(self._ask("forward", remote=remote))

    def reverse(self, remote: str, port: int) -> None:
        self._ask("reverse", remote=remote, port=port)

    def unreverse(self, remote: str) -> None:
        self._ask("unreverse", remote=remote)

    def reboot(self) -> None:
        self._ask("reboot")

    def close(self) -> None:
        self._process.communicate()
