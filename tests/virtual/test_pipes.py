"""The daemon's ends of pipes and terminals."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from devbench.virtual.pipes import Descriptor


def test_what_is_written_right_before_leaving_a_terminal_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal may say that its last user has left (EIO) while what that user wrote is still on its way."""
    left = OSError(errno.EIO, os.strerror(errno.EIO))
    answers: list[bytes | OSError] = [b"first", left, b"last words", left, left]

    def read(fd: int, size: int) -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    reader, writer = os.pipe()
    try:
        end = Descriptor(reader)
        monkeypatch.setattr(os, "read", read)

        async def everything() -> list[bytes]:
            return [await end.read() for _ in range(3)]

        assert asyncio.run(everything()) == [b"first", b"last words", b""]
    finally:
        os.close(reader)
        os.close(writer)
