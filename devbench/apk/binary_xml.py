"""Android's binary XML, written: a manifest has to be in it, and the tool that makes it comes with the SDK only.

The format is that of the platform's ResourceTypes.h; ids of attributes are the framework's public ones, which are
frozen (public-final.xml).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

NAMESPACE = "http://schemas.android.com/apk/res/android"
ATTRIBUTE_IDS = {
    "theme": 0x01010000, "label": 0x01010001, "name": 0x01010003, "permission": 0x01010006,
    "hasCode": 0x0101000C, "exported": 0x01010010, "excludeFromRecents": 0x01010017,
    "configChanges": 0x0101001F, "minSdkVersion": 0x0101020C, "versionCode": 0x0101021B,
    "versionName": 0x0101021C, "targetSdkVersion": 0x01010270, "allowBackup": 0x01010280,
    "required": 0x0101028E, "extractNativeLibs": 0x010104EA, "showWhenLocked": 0x01010569,
    "turnScreenOn": 0x0101056A, "shell": 0x01010594,
}  # fmt: skip
_POOL, _XML, _IDS = 0x0001, 0x0003, 0x0180
_START_NAMESPACE, _END_NAMESPACE, _START, _END = 0x0100, 0x0101, 0x0102, 0x0103
_REFERENCE, _STRING, _DECIMAL, _HEX, _BOOLEAN = 0x01, 0x03, 0x10, 0x11, 0x12
_NONE = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A resource of the framework, such as a theme."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """A number that stands for several words."""

    number: int


Value: TypeAlias = str | int | bool | Reference | Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element; `android` are its attributes of the framework's namespace, `plain` those without one."""

    tag: str
    plain: dict[str, str] = field(default_factory=dict)
    android: dict[str, Value] = field(default_factory=dict)
    children: tuple[Element, ...] = ()


def encode(root: Element) -> bytes:
    """The document whose root element is `root`."""
    ids = sorted({name for element in _walk(root) for name in element.android}, key=ATTRIBUTE_IDS.__getitem__)
    # names that have an id come first in the pool, in the order of the ids
    pool = _Pool(ids, ["android", NAMESPACE, *_strings(root)])
    namespace = struct.pack("<II", pool.index("android"), pool.index(NAMESPACE))
    body = _node(_START_NAMESPACE, namespace) + _element(root, pool) + _node(_END_NAMESPACE, namespace)
    numbers = b"".join(struct.pack("<I", ATTRIBUTE_IDS[name]) for name in ids)
    return _chunk(_XML, b"", pool.encoded() + _chunk(_IDS, b"", numbers) + body)


class _Pool:
    """The strings of a document: names of attributes first, then every other string once."""

    def __init__(self, names: list[str], others: list[str]) -> None:
        self._names = {name: number for number, name in enumerate(names)}
        self._others = {text: len(names) + number for number, text in enumerate(dict.fromkeys(others))}

    def attribute(self, name: str) -> int:
        return self._names[name]

    def index(self, text: str) -> int:
        return self._others[text]

    def encoded(self) -> bytes:
        offsets, data = [], b""
        for text in (*self._names, *self._others):
            offsets.append(len(data))
            units = text.encode("utf-16-le")
            data += struct.pack("<H", len(units) // 2) + units + b"\0\0"
        data += bytes(-len(data) % 4)
        start = 28 + 4 * len(offsets)
        return _chunk(_POOL, struct.pack("<5I", len(offsets), 0, 0, start, 0),
                      struct.pack(f"<{len(offsets)}I", *offsets) + data)  # fmt: skip


def _walk(element: Element) -> Iterator[Element]:
    yield element
    for child in element.children:
        yield from _walk(child)


def _strings(root: Element) -> Iterator[str]:
    for element in _walk(root):
        yield element.tag
        for name, value in element.plain.items():
            yield from (name, value)
        yield from (value for value in element.android.values() if isinstance(value, str))


def _chunk(kind: int, header: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<HHI", kind, 8 + len(header), 8 + len(header) + len(body)) + header + body


def _node(kind: int, body: bytes) -> bytes:
    """Line 1 and no comment: there was no text."""
    return _chunk(kind, struct.pack("<II", 1, _NONE), body)


def _element(element: Element, pool: _Pool) -> bytes:
    attributes = b""
    # the platform looks attributes up in ascending order of their ids
    for name, value in sorted(element.android.items(), key=lambda item: ATTRIBUTE_IDS[item[0]]):
        attributes += struct.pack("<II", pool.index(NAMESPACE), pool.attribute(name)) + _value(value, pool)
    for name, text in element.plain.items():
        attributes += struct.pack("<II", _NONE, pool.index(name)) + _value(text, pool)
    count = len(element.android) + len(element.plain)
    head = struct.pack("<IIHHHHHH", _NONE, pool.index(element.tag), 20, 20, count, 0, 0, 0)
    children = b"".join(_element(child, pool) for child in element.children)
    tail = struct.pack("<II", _NONE, pool.index(element.tag))
    return _node(_START, head + attributes) + children + _node(_END, tail)


def _value(value: Value, pool: _Pool) -> bytes:
    """The raw string's number and the typed value."""
    raw = _NONE
    if isinstance(value, str):
        raw = pool.index(value)
        kind, data = _STRING, raw
    elif isinstance(value, bool):
        kind, data = _BOOLEAN, _NONE if value else 0
    elif isinstance(value, Reference):
        kind, data = _REFERENCE, value.number
    elif isinstance(value, Flags):
        kind, data = _HEX, value.number
    else:
        kind, data = _DECIMAL, value
    return struct.pack("<IHBBI", raw, 8, 0, kind, data)
