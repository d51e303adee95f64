"""A cable between the adb server and a phone: it can be pulled, cut after some bytes, or be slow."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from rig import Rig


class Cable:
    """Forwards a port of its own to that of a virtual phone, as a Wi-Fi address that it had once.

    `bytes_per_s` is what passes each way; `cut_after` bytes towards the phone it breaks, once.
    """

    def __init__(self, port: int, *, bytes_per_s: float | None = None, cut_after: int | None = None) -> None:
        self._port, self._pause_s = port, 0.0 if bytes_per_s is None else 1 / bytes_per_s
        self._left = cut_after
        self.cuts = 0
        self._ends: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def pull(self) -> None:
        """For good: nothing answers at this address any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break()

    def _break(self) -> None:
        for end in tuple(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            self._ends |= {near, far}
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, to_phone: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 14):
                time.sleep(len(data) * self._pause_s)
                if to_phone and self._left is not None:
                    self._left -= len(data)
                    if self._left < 0:
                        self._left = None
                        self.cuts += 1
                        self._break()
                        break
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        source.close()
        self._ends.discard(source)


@contextlib.contextmanager
def by_cable(rig: Rig, name: str, cable: Cable) -> Iterator[Cable]:
    """The phone is on the server by this cable only."""
    rig.server.disconnect(rig.phones[name].serial)
    rig.server.connect(cable.address)
    try:
        yield cable
    finally:
        cable.pull()
        with contextlib.suppress(Exception):
            rig.server.disconnect(cable.address)
        rig.mend(name)
