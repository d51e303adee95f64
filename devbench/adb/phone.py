"""One phone through the adb server: shell with exit code and split streams, streams, push, pull."""

from __future__ import annotations

import contextlib
import secrets
import select
import shlex
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.adb.deadline import Deadline, read_exactly
from devbench.adb.server import ask
from devbench.adb.translate import device_error
from devbench.errors import AdbServerError, CommandFailed, DeadlinePassed, DeviceError, DeviceOffline

if TYPE_CHECKING:
    from devbench.adb.server import Server

SHELL_DEADLINE_S = 30.0
KEPT_STDERR = ".stderr-of-"
_STDOUT, _STDERR, _EXIT = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellResult:
    """What a command on the phone printed, and its exit code; None if the phone could not tell it."""

    stdout: str
    stderr: str
    exit_code: int | None

    @property
    def ok(self) -> bool:
        return self.exit_code == 0


class Phone:
    """A transport of an adb server. Every call has a deadline in seconds of wall-clock time.

    `serial` is an address only: it changes when the phone comes back by another way.
    """

    def __init__(self, server: Server, serial: str) -> None:
        self.server = server
        self.serial = serial
        self._features: frozenset[str] | None = None

    def features(self) -> frozenset[str]:
        """What adbd and the server both offer; read once. Empty where the server is too old to say."""
        if self._features is None:
            service = f"host-serial:{self.serial}:features"
            deadline = Deadline(SHELL_DEADLINE_S, serial=self.serial, command=service)
            with self._translated(service), self.server.connection(deadline) as sock:
                ask(sock, f"host:tport:serial:{self.serial}", deadline)
                read_exactly(sock, 8, deadline)
                ask(sock, "host:features", deadline)
                length = int(read_exactly(sock, 4, deadline) or b"0", 16)
                text = read_exactly(sock, length, deadline).decode()
            self._features = frozenset(text.split(",")) - {""}
        return self._features

    @property
    def shell_v2(self) -> bool:
        return "shell_v2" in self.features()

    def shell(
        self, command: str, *, deadline_s: float = SHELL_DEADLINE_S, check: bool = False
    ) -> ShellResult:
        """Run `command` in the phone's shell. `check`: another exit code than 0 is a CommandFailed.

        The caller quotes (shlex.quote): a command is shell text, paths and names in it are data.
        """
        deadline = Deadline(deadline_s, serial=self.serial, command=command)
        run = self._shell_v2 if self.shell_v2 else self._shell_v1
        result = run(command, deadline)
        if check and not result.ok:
            raise CommandFailed(
                serial=self.serial,
                command=command,
                exit_code=result.exit_code,
                output=result.stderr or result.stdout,
            )
        return result

    def _shell_v2(self, command: str, deadline: Deadline) -> ShellResult:
        streams: dict[int, list[bytes]] = {_STDOUT: [], _STDERR: []}
        exit_code: int | None = None
        with self.service(f"shell,v2,raw:{command}", deadline, command) as sock:
            while exit_code is None:
                packet = _read_packet(sock, deadline)
                if packet is None:
                    raise DeviceOffline(
                        "the connection closed in the middle of a command",
                        serial=self.serial,
                        command=command,
                    )
                ident, data = packet
                if ident == _EXIT:
                    exit_code = data[0] if data else None
                    break
                if ident in streams:
                    streams[ident].append(data)
        out, err = (b"".join(streams[i]).decode(errors="replace") for i in (_STDOUT, _STDERR))
        return ShellResult(stdout=out, stderr=err, exit_code=exit_code)

    def _shell_v1(self, command: str, deadline: Deadline) -> ShellResult:
        """Before Android 7 the shell has one stream and no exit code: both are written behind a sentinel.

        Its output passes a terminal, which turns LF into CR LF.
        """
        mark = f"devbench-{secrets.token_hex(8)}"
        kept = f"/data/local/tmp/{KEPT_STDERR}{mark}"
        script = (
            f"if (: >{kept}) 2>/dev/null; then ( {command}\n) 2>{kept}; c=$?; echo; echo {mark} $c; "
            f"cat {kept}; rm -f {kept}; else ( {command}\n) 2>&1; c=$?; echo; echo {mark} $c; fi; echo {mark}"
        )
        chunks: list[bytes] = []
        with self.service(f"shell:{script}", deadline, command) as sock:
            while chunk := _recv(sock, deadline):
                chunks.append(chunk)
        text = b"".join(chunks).decode(errors="replace").replace("\r\n", "\n")
        out, found, rest = text.partition(f"\n{mark} ")
        if not found:
            said = f"; it had said: {text.strip()[-300:]}" if text.strip() else ""
            raise DeviceOffline(
                f"the connection closed in the middle of a command{said}", serial=self.serial, command=command
            )
        code, _, after = rest.partition("\n")
        err, complete, _ = after.partition(mark)
        if not complete:
            raise DeviceOffline("the answer was cut off", serial=self.serial, command=command)
        return ShellResult(stdout=out, stderr=err, exit_code=int(code) if code.isdigit() else None)

    @contextlib.contextmanager
    def stream(self, command: str, *, deadline_s: float = SHELL_DEADLINE_S) -> Iterator[ShellStream]:
        """Run `command` and read its standard output line by line while it runs."""
        deadline = Deadline(deadline_s, serial=self.serial, command=command)
        service = f"shell,v2,raw:{command}" if self.shell_v2 else f"shell:{command}"
        with self.service(service, deadline, command) as sock:
            yield ShellStream(sock, serial=self.serial, command=command, framed=self.shell_v2)

    @contextlib.contextmanager
    def service(self, service: str, deadline: Deadline, command: str) -> Iterator[socket.socket]:
        """A connection to a service of this phone's adbd; adb's errors become ours."""
        with self._translated(command), self.server.connection(deadline) as sock:
            ask(sock, f"host:tport:serial:{self.serial}", deadline)
            read_exactly(sock, 8, deadline)
            ask(sock, service, deadline)
            yield sock

    @contextlib.contextmanager
    def _translated(self, command: str) -> Iterator[None]:
        try:
            yield
        except AdbServerError as error:
            raise device_error(error.message, serial=self.serial, command=command) from error
        except DeviceError:
            raise
        except TimeoutError as error:
            raise DeadlinePassed(
                "the adb server took no more data in time", serial=self.serial, command=command
            ) from error
        except (ConnectionError, struct.error) as error:
            raise DeviceOffline(
                f"the connection broke: {error}", serial=self.serial, command=command
            ) from error

    def reboot(self) -> None:
        """`adb reboot`; it is gone a moment later."""
        deadline = Deadline(SHELL_DEADLINE_S, serial=self.serial, command="reboot")
        with self.service("reboot:", deadline, "reboot"):
            pass

    def remove(self, *paths: str, deadline_s: float = SHELL_DEADLINE_S) -> None:
        """`rm -r` on the phone; what is not there is not an error (old `rm` has no -f for folders)."""
        quoted = " ".join(shlex.quote(path) for path in paths)
        self.shell(f"rm -r {quoted} 2>/dev/null; true", deadline_s=deadline_s)


class ShellStream:
    """The standard output of a running command, line by line."""

    def __init__(self, sock: socket.socket, *, serial: str, command: str, framed: bool) -> None:
        self._sock = sock
        self._serial = serial
        self._command = command
        self._framed = framed
        self._buffer = bytearray()
        self._ended = False
        self.exit_code: int | None = None
        self.stderr = ""

    def read_line(self, *, deadline_s: float) -> bytes | None:
        """The next line without its end, None after the last; DeadlinePassed if none comes within `deadline_s`.

        Bytes as they came, so that a caller who counts them knows where in a file it is.
        """
        deadline = Deadline(deadline_s, serial=self._serial, command=self._command)
        while b"\n" not in self._buffer and not self._ended:
            self._fill(deadline)
        line, found, rest = bytes(self._buffer).partition(b"\n")
        if not found and not line:
            return None
        self._buffer[:] = rest
        return line.removesuffix(b"\r")

    def ready(self, wait_s: float) -> bool:
        """Whether something can be read within `wait_s`, so that a caller can look after other things."""
        if b"\n" in self._buffer or self._ended:
            return True
        return bool(select.select([self._sock], [], [], wait_s)[0])

    def _fill(self, deadline: Deadline) -> None:
        if not self._framed:
            chunk = _recv(self._sock, deadline)
            self._ended = not chunk
            self._buffer += chunk
            return
        packet = _read_packet(self._sock, deadline)
        if packet is None:
            raise DeviceOffline("the connection closed", serial=self._serial, command=self._command)
        ident, data = packet
        if ident == _STDOUT:
            self._buffer += data
        elif ident == _STDERR:
            self.stderr = (self.stderr + data.decode(errors="replace"))[-4000:]
        elif ident == _EXIT:
            self.exit_code = data[0] if data else None
            self._ended = True


def _recv(sock: socket.socket, deadline: Deadline) -> bytes:
    deadline.arm(sock)
    try:
        return sock.recv(1 << 16)
    except TimeoutError as error:
        raise deadline.passed() from error


def _read_packet(sock: socket.socket, deadline: Deadline) -> tuple[int, bytes] | None:
    """One shell v2 packet (id, data); None when the other side closed."""
    head = read_exactly(sock, 5, deadline)
    if len(head) < 5:
        return None
    ident, length = struct.unpack("<BI", head)
    data = read_exactly(sock, length, deadline)
    return (ident, data) if len(data) == length else None
