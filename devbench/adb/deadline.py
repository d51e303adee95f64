"""One wall-clock end for a whole call, because a socket's timeout starts anew with each read."""

from __future__ import annotations

import socket
import time

from devbench.errors import DeadlinePassed


class Deadline:
    """`seconds` from now; `arm` gives a socket what is left of it."""

    def __init__(self, seconds: float, *, serial: str, command: str) -> None:
        self.seconds = seconds
        self._serial = serial
        self._command = command
        self._end_s = time.monotonic() + seconds

    def remaining_s(self) -> float:
        """Seconds left; DeadlinePassed when there are none."""
        left = self._end_s - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def arm(self, sock: socket.socket) -> None:
        sock.settimeout(self.remaining_s())

    def passed(self) -> DeadlinePassed:
        return DeadlinePassed(
            f"no answer within {self.seconds:g} s",
            serial=self._serial,
            command=self._command,
            fix="look at the phone and its cable; `adb devices` shows whether the server still sees it",
        )


def read_exactly(sock: socket.socket, count: int, deadline: Deadline) -> bytes:
    """`count` bytes before the deadline; fewer only when the other side closed."""
    chunks: list[bytes] = []
    missing = count
    while missing:
        deadline.arm(sock)
        try:
            chunk = sock.recv(min(missing, 1 << 20))
        except TimeoutError as error:
            raise deadline.passed() from error
        if not chunk:
            break
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
