"""Bounds-checked reading of FlatBuffers tables, because model files come from anywhere and are not trusted.

Every offset is checked before it is followed, and what may be read in total is bounded by the file's size:
tables that refer to each other many times over end in an error instead of an endless walk.
"""

from __future__ import annotations

import struct

from devbench.errors import ModelError

_SIZES = {"B": 1, "b": 1, "H": 2, "i": 4, "I": 4, "Q": 8}


class FlatBuffer:
    """A file's bytes and how much of them may still be read; ModelError where they contradict themselves."""

    __slots__ = ("_allowance", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        # An honest file shares little (strings, vtables), so a few times its size is more than it needs.
        self._allowance = 4 * len(data) + 4096

    def root(self) -> Table:
        return self.table(self.scalar("I", 0))

    def table(self, position: int) -> Table:
        return Table(self, position)

    def scalar(self, code: str, position: int) -> int:
        """The little-endian integer of struct code `code` at `position`."""
        self.spend(position, _SIZES[code])
        return int(struct.unpack_from("<" + code, self.data, position)[0])

    def target(self, position: int) -> int:
        """Where the relative offset stored at `position` points to."""
        return position + self.scalar("I", position)

    def spend(self, position: int, length: int) -> None:
        """ModelError unless `length` bytes from `position` lie in the file and may still be read."""
        self.inside(position, length)
        self._allowance -= length
        if self._allowance < 0:
            raise ModelError("damaged: its tables refer to each other without end")

    def inside(self, position: int, length: int) -> None:
        if position < 0 or position + length > len(self.data):
            raise ModelError(
                f"truncated or damaged: it refers to bytes {position} to {position + length},"
                f" but has {len(self.data)}"
            )


class Table:
    """One table; fields are addressed by their number in the schema and None where absent."""

    __slots__ = ("_buffer", "_position", "_size", "_slots", "_vtable")

    def __init__(self, buffer: FlatBuffer, position: int) -> None:
        self._buffer = buffer
        self._position = position
        self._vtable = position - buffer.scalar("i", position)
        vtable_size = buffer.scalar("H", self._vtable)
        self._size = buffer.scalar("H", self._vtable + 2)
        if vtable_size < 4 or vtable_size % 2 or self._size < 4:
            raise ModelError(f"damaged: the table at byte {position} has no valid layout")
        buffer.inside(self._vtable, vtable_size)
        buffer.inside(position, self._size)
        self._slots = (vtable_size - 4) // 2

    def integer(self, field: int, code: str, default: int = 0) -> int:
        """A scalar field of struct code `code`; what equals its default is not stored in a FlatBuffer."""
        position = self._field(field, _SIZES[code])
        return default if position is None else self._buffer.scalar(code, position)

    def text(self, field: int) -> str | None:
        found = self._vector(field, 1)
        if found is None:
            return None
        start, length = found
        self._buffer.spend(start, length)
        return self._buffer.data[start : start + length].decode("utf-8", "replace")

    def integers(self, field: int) -> tuple[int, ...] | None:
        """A vector of 32-bit signed integers."""
        found = self._vector(field, 4)
        if found is None:
            return None
        start, length = found
        self._buffer.spend(start, 4 * length)
        return struct.unpack_from(f"<{length}i", self._buffer.data, start)

    def tables(self, field: int) -> list[Table]:
        """A vector of tables; empty when absent."""
        found = self._vector(field, 4)
        if found is None:
            return []
        start, length = found
        return [self._buffer.table(self._buffer.target(start + 4 * i)) for i in range(length)]

    def bytes_at(self, field: int) -> tuple[int, int] | None:
        """Start and length of a vector of bytes, which is checked to lie in the file but not read."""
        return self._vector(field, 1)

    def _field(self, field: int, size: int) -> int | None:
        if field >= self._slots:
            return None
        offset = self._buffer.scalar("H", self._vtable + 4 + 2 * field)
        if offset == 0:
            return None
        if offset + size > self._size:
            raise ModelError(f"damaged: field {field} of the table at byte {self._position} lies outside it")
        return self._position + offset

    def _vector(self, field: int, item_size: int) -> tuple[int, int] | None:
        position = self._field(field, 4)
        if position is None:
            return None
        start = self._buffer.target(position)
        length = self._buffer.scalar("I", start)
        self._buffer.inside(start + 4, item_size * length)
        return start + 4, length
