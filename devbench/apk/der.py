"""The little of DER that certificates, keys and PKCS#7 need: write a value, take one apart."""

from __future__ import annotations

from dataclasses import dataclass

INTEGER, OCTETS, NULL, OID, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31
CONTEXT_0 = 0xA0


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One value: its tag, its content, and the whole of it."""

    tag: int
    content: bytes
    whole: bytes

    def children(self) -> tuple[Node, ...]:
        """The values inside; ValueError if the content is not made of values."""
        return nodes(self.content)

    def number(self) -> int:
        return int.from_bytes(self.content, "big")


def nodes(data: bytes) -> tuple[Node, ...]:
    """The values that `data` is made of, one after the other; ValueError."""
    found, at = [], 0
    while at < len(data):
        start, tag = at, data[at]
        length, at = _length(data, at + 1)
        if at + length > len(data):
            raise ValueError("DER ends early")
        at += length
        found.append(Node(tag=tag, content=data[at - length : at], whole=data[start:at]))
    return tuple(found)


def _length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise ValueError("DER ends early")
    first, at = data[at], at + 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if not 0 < count <= 4:
        raise ValueError("not DER")
    return int.from_bytes(data[at : at + count], "big"), at + count


def der(tag: int, *parts: bytes) -> bytes:
    """A value of `parts`."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def oid(hex_content: str) -> bytes:
    return der(OID, bytes.fromhex(hex_content))
