"""An adb server of a few services on a real socket: what it was not told of ends the test that asks for it."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator

from devbench.adb import Server, ServerAddress

Service = Callable[[socket.socket], None]


class FakeServer:
    """`services` by name; `unknown` collects what was asked for and is not there."""

    def __init__(self) -> None:
        self.services: dict[str, Service] = {}
        self.asked: list[str] = []
        self.unknown: list[str] = []
        self.shell: Callable[[str], Service | None] = self.run_here
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def server(self) -> Server:
        return Server(ServerAddress(port=self.port))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # close alone does not end a waiting accept
        self._listener.close()

    def answer(self, name: str, text: str) -> None:
        """`name` is answered OKAY and one block of text."""
        self.services[name] = lambda sock: sock.sendall(block(text))

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            while head := sock.recv(4, socket.MSG_WAITALL):
                name = sock.recv(int(head, 16), socket.MSG_WAITALL).decode()
                self.asked.append(name)
                service = self.services.get(name) or self.shell(name)
                if service is None:
                    self.unknown.append(name)
                    sock.sendall(b"FAIL" + block(f"unknown host service {name}"))
                    return
                sock.sendall(b"OKAY")
                service(sock)
                if not name.startswith("host:tport"):
                    return

    def run_here(self, name: str) -> Service | None:
        """Shell services run for real in this computer's sh, as protocol v1 (through a terminal's CR LF) or v2."""
        kind, colon, command = name.partition(":")
        if not colon or kind not in ("shell", "shell,v2,raw"):
            return None

        def run(sock: socket.socket) -> None:
            done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
            if kind == "shell":
                sock.sendall((done.stdout + done.stderr).replace(b"\n", b"\r\n"))
                return
            for ident, data in ((1, done.stdout), (2, done.stderr), (3, bytes([done.returncode]))):
                sock.sendall(packet(ident, data))

        return run

    def add_phone(self, serial: str, features: str) -> None:
        self.services[f"host:tport:serial:{serial}"] = lambda sock: sock.sendall(bytes(8))
        self.answer("host:features", features)


def block(text: str) -> bytes:
    return b"%04x" % len(text.encode()) + text.encode()


def packet(ident: int, data: bytes) -> bytes:
    return struct.pack("<BI", ident, len(data)) + data


@contextlib.contextmanager
def fake_server() -> Iterator[FakeServer]:
    fake = FakeServer()
    try:
        yield fake
    finally:
        fake.close()
