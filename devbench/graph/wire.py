"""Bounds-checked reading of protocol buffers, because graph files come from anywhere and are not trusted.

Nothing is copied and nothing recurses: a caller walks the fields of one message and goes into those it knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from devbench.errors import ModelError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}


def fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(field number, wire type, value or first byte, first byte behind) of each field in data[start:end].

    Varints have their value in the third place; all others have the range of their bytes in the last two.
    ModelError where the bytes are no message.
    """
    position = start
    while position < end:
        field_start = position
        tag = data[position]
        position += 1
        if tag >= 0x80:
            tag, position = _long_varint(data, position, end, tag & 0x7F)
        kind = tag & 7
        if tag < 8:
            raise damaged(field_start, end)
        if kind in (BYTES, VARINT):
            if position >= end:
                raise damaged(field_start, end)
            value = data[position]
            position += 1
            if value >= 0x80:
                value, position = _long_varint(data, position, end, value & 0x7F)
            if kind == VARINT:
                yield tag >> 3, kind, value, position
                continue
            if value > end - position:
                raise damaged(field_start, end)
            yield tag >> 3, kind, position, position + value
            position += value
            continue
        size = _FIXED_SIZES.get(kind)
        if size is None or size > end - position:
            raise damaged(field_start, end)
        yield tag >> 3, kind, position, position + size
        position += size


def signed(value: int) -> int:
    """A varint as the 64-bit signed integer that int32 and int64 fields hold."""
    return value - (1 << 64) if value >= 1 << 63 else value


def varint(value: int) -> bytes:
    """`value` (not negative) in wire format."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def damaged(position: int, end: int) -> ModelError:
    return ModelError(f"truncated or damaged: the field at byte {position} does not fit before byte {end}")


def _long_varint(data: bytes, position: int, end: int, low: int) -> tuple[int, int]:
    value, shift = low, 7
    while shift < 70:
        if position >= end:
            raise damaged(position - 1, end)
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
        shift += 7
    raise damaged(position, end)
