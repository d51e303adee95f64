"""The adb server: found or started, never killed unless we started it; its phones and their states."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.adb.deadline import Deadline, read_exactly
from devbench.adb.push_slots import PushSlots
from devbench.errors import AdbServerError, DeadlinePassed

if TYPE_CHECKING:
    from devbench.adb.phone import Phone

START_DEADLINE_S = 20.0
ANSWER_DEADLINE_S = 10.0
STOP_DEADLINE_S = 5.0
CONNECT_DEADLINE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """Where an adb server listens."""

    host: str = "127.0.0.1"
    port: int = 5037

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def local(self) -> bool:
        return self.host in ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """One line of `adb devices -l`: the serial is an address, not an identity."""

    serial: str
    state: str
    properties: dict[str, str]


def adb_binary(explicit: str | None = None) -> Path:
    """The adb program: `explicit` ($ADB), else the one on PATH, else the one in adbutils' wheel."""
    if explicit:
        found = shutil.which(explicit)
        if found is None:
            raise AdbServerError(f"$ADB names {explicit!r}, which is not a program", fix="unset ADB")
        return Path(found)
    on_path = shutil.which("adb")
    if on_path is not None:
        return Path(on_path)
    from adbutils import adb_path

    bundled = Path(adb_path())
    if not bundled.is_file():
        raise AdbServerError("no adb program found", fix="sudo apt install adb")
    return bundled


class ServerUnreachable(AdbServerError):
    """Nothing listens: somebody restarts the server, or nobody started it."""


class Server:
    """One adb server. Calls are thread-safe: each opens its own connection.

    `push_slots` bounds the large pushes through it: those of this process, unless it shares them with others.
    """

    def __init__(
        self, address: ServerAddress, *, adb: str | None = None, push_slots: PushSlots | None = None
    ) -> None:
        self.address = address
        self.push_slots = push_slots or PushSlots()
        self._adb = adb
        self.started_by_us = False

    def listening(self) -> bool:
        try:
            where = (self.address.host, self.address.port)
            socket.create_connection(where, timeout=CONNECT_DEADLINE_S).close()
        except OSError:
            return False
        return True

    def ensure(self) -> None:
        """Start the server if it is local and nothing listens; AdbServerError if none can be had."""
        if self.listening():
            return
        if not self.address.local:
            raise AdbServerError(
                f"no adb server answers at {self.address}",
                fix="start it there with `adb -a nodaemon server`, or check ANDROID_ADB_SERVER_ADDRESS",
            )
        command = [str(adb_binary(self._adb)), "-P", str(self.address.port), "start-server"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=START_DEADLINE_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AdbServerError(f"the adb server did not start: {error}", fix=" ".join(command)) from error
        if done.returncode != 0 or not self.listening():
            text = (done.stderr or done.stdout).decode(errors="replace").strip()[-400:]
            raise AdbServerError(f"the adb server did not start: {text}", fix=" ".join(command))
        self.started_by_us = True

    @contextlib.contextmanager
    def request(self, service: str, *, deadline_s: float = ANSWER_DEADLINE_S) -> Iterator[socket.socket]:
        """A connection on which the server accepted `service`; closed at the end.

        AdbServerError for all that goes wrong, also in the body: a server that hangs is as good as none.
        """
        deadline = Deadline(deadline_s, serial=f"adb server {self.address}", command=service)
        try:
            with self.connection(deadline) as sock:
                ask(sock, service, deadline)
                yield sock
        except (DeadlinePassed, OSError, ValueError) as error:
            what = error.message if isinstance(error, DeadlinePassed) else str(error)
            raise AdbServerError(
                f"the adb server at {self.address} does not answer as one: {what}",
                fix="see what listens there; `adb kill-server` lets the next command start a fresh one",
            ) from error

    @contextlib.contextmanager
    def connection(self, deadline: Deadline) -> Iterator[socket.socket]:
        """A bare connection to the server; ServerUnreachable where none listens, and none is started.

        Not adbutils': that one starts a server of its own kind where none answers (another version ends the
        user's, and its words go to our standard output), leaks its socket and sleeps 10 ms a close.
        """
        where = (self.address.host, self.address.port)
        try:
            sock = socket.create_connection(where, timeout=min(CONNECT_DEADLINE_S, deadline.remaining_s()))
        except OSError as error:
            raise ServerUnreachable(f"no adb server answers at {self.address}: {error}") from error
        with sock:
            if not self.address.local:
                # a router that forgets the connection must not leave us waiting for a line for ever
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            yield sock

    def version(self) -> int:
        with self.request("host:version") as sock:
            return int(self._block(sock, "host:version"), 16)

    def transports(self) -> tuple[Transport, ...]:
        """All phones the server sees, in its order, in whatever state."""
        with self.request("host:devices-l") as sock:
            return parse_devices(self._block(sock, "host:devices-l"))

    def track(self, *, deadline_s: float) -> Iterator[tuple[Transport, ...]]:
        """The list of phones now and after each change, pushed by the server, until the deadline."""
        deadline = Deadline(deadline_s, serial=f"adb server {self.address}", command="host:track-devices-l")
        try:
            with self.connection(deadline) as sock:
                ask(sock, "host:track-devices-l", deadline)
                while True:
                    yield parse_devices(_read_block(sock, deadline))
        except (OSError, ValueError) as error:
            raise AdbServerError(f"the adb server at {self.address} went away: {error}") from error

    def connect(self, address: str, *, deadline_s: float = 20.0) -> str:
        """`adb connect`; the server's answer. AdbServerError if it could not."""
        with self.request(f"host:connect:{address}", deadline_s=deadline_s) as sock:
            answer = self._block(sock, "host:connect", deadline_s)
        if "connected to" not in answer:
            raise AdbServerError(answer.strip() or f"could not connect to {address}")
        return answer

    def disconnect(self, address: str) -> str:
        with self.request(f"host:disconnect:{address}") as sock:
            return self._block(sock, "host:disconnect")

    def reconnect(self, serial: str) -> None:
        """`adb reconnect`: the server drops its connection to a phone in whatever state, and makes it anew."""
        service = f"host-serial:{serial}:reconnect"
        with self.request(service) as sock:
            self._block(sock, service)

    def reconnect_offline(self) -> None:
        """`adb reconnect offline`: the same for every phone that does not answer; others are not touched."""
        with self.request("host:reconnect-offline") as sock:
            self._block(sock, "host:reconnect-offline")

    def stop(self) -> None:
        """Ask a server that we started to end; does nothing to anybody else's."""
        if not self.started_by_us:
            return
        with contextlib.suppress(AdbServerError), self.request("host:kill"):
            self.started_by_us = False
        end_s = time.monotonic() + STOP_DEADLINE_S
        while self.listening() and time.monotonic() < end_s:
            time.sleep(0.01)

    def phone(self, serial: str) -> Phone:
        from devbench.adb.phone import Phone

        return Phone(self, serial)

    def _block(self, sock: socket.socket, service: str, deadline_s: float = ANSWER_DEADLINE_S) -> str:
        return _read_block(sock, Deadline(deadline_s, serial=f"adb server {self.address}", command=service))


def ask(sock: socket.socket, service: str, deadline: Deadline) -> None:
    """Send one host request; a FAIL becomes an AdbServerError with the server's own text."""
    payload = service.encode()
    deadline.arm(sock)
    sock.sendall(b"%04x" % len(payload) + payload)
    answer = read_exactly(sock, 4, deadline)
    if answer == b"OKAY":
        return
    if answer == b"FAIL":
        raise AdbServerError(_read_block(sock, deadline))
    raise AdbServerError("the adb server closed the connection" if not answer else f"odd answer {answer!r}")


def _read_block(sock: socket.socket, deadline: Deadline) -> str:
    length = read_exactly(sock, 4, deadline)
    if len(length) < 4:
        raise AdbServerError("the adb server closed the connection")
    return read_exactly(sock, int(length, 16), deadline).decode(errors="replace")


_STATES = (
    "device", "offline", "unauthorized", "authorizing", "connecting", "bootloader", "recovery",
    "sideload", "rescue", "host", "detached", "unknown",
)  # fmt: skip
_LINE = re.compile(rf"(?P<serial>.*\S)\s+(?P<state>{'|'.join(_STATES)})(?P<rest>(?:\s+\S*:\S*)*)\s*")
_NO_PERMISSIONS = re.compile(r"(?P<serial>.*?)\s*no permissions(?P<rest>.*)")
_ANY_STATE = re.compile(r"(?P<serial>\S+)\s+(?P<state>\S+)(?P<rest>.*)")


def parse_devices(text: str) -> tuple[Transport, ...]:
    """Lines of `host:devices-l` in their order, serials that stand twice included.

    A serial may hold spaces and colons, so the state is looked for from the right: the last known word before
    the `key:value` pairs. `no permissions (…); see […]` is one state although it holds spaces.
    """
    return tuple(t for line in text.splitlines() if (t := _parse_line(line)) is not None)


def _parse_line(line: str) -> Transport | None:
    if refused := _NO_PERMISSIONS.fullmatch(line):
        serial = refused["serial"] or "????????????"
        return Transport(serial=serial, state="no permissions", properties=_pairs(refused["rest"]))
    found = _LINE.fullmatch(line) or _ANY_STATE.fullmatch(line)
    if found is None:
        return None
    return Transport(serial=found["serial"], state=found["state"], properties=_pairs(found["rest"]))


def _pairs(text: str) -> dict[str, str]:
    pairs = (word.partition(":") for word in text.split() if ":" in word)
    return {
        key: value for key, _, value in pairs if key in ("usb", "product", "model", "device", "transport_id")
    }
