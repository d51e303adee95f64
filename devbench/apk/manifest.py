"""An APK's binary manifest, read as far as `pm` shows it: package, versions, split."""

from __future__ import annotations

import struct
from typing import Any


def parse_manifest(data: bytes) -> dict[str, Any]:
    """The few attributes of <manifest> and <uses-sdk> that `pm` shows, out of Android's binary XML."""
    strings: list[str] = []
    found: dict[str, Any] = {}
    offset = 8
    while offset + 8 <= len(data):
        kind, header, size = struct.unpack_from("<HHI", data, offset)
        if kind == 0x0001:
            strings = string_pool(data, offset)
        elif kind == 0x0102:
            name, start, width, count = attributes_of(data, offset, header, strings)
            for index in range(count):
                key, raw, value = struct.unpack_from("<II4xI", data[start + width * index + 4 :][:16])
                text: str | int = strings[raw] if raw != 0xFFFFFFFF else value
                found.setdefault(f"{name}/{strings[key]}", text)
        offset += max(size, 8)
    return {
        "package": str(found["manifest/package"]),
        "split": str(found.get("manifest/split", "")),
        "version_code": found.get("manifest/versionCode", 0),
        "version_name": str(found.get("manifest/versionName", "")),
        "min_sdk": found.get("uses-sdk/minSdkVersion", 1),
        "target_sdk": found.get("uses-sdk/targetSdkVersion", 1),
    }


def attributes_of(data: bytes, offset: int, header: int, strings: list[str]) -> tuple[str, int, int, int]:
    """An element's name, and where its attributes start, how wide each is, how many there are."""
    body = offset + header
    name, start, width, count = struct.unpack_from("<4xIHHH", data, body)
    return strings[name], body + start, width, count


def string_pool(data: bytes, offset: int) -> list[str]:
    count, _styles, flags, start, _ = struct.unpack_from("<5I", data, offset + 8)
    strings = []
    for index in range(count):
        (relative,) = struct.unpack_from("<I", data, offset + 28 + 4 * index)
        at = offset + start + relative
        if flags & 0x100:
            at += 2 if data[at] & 0x80 else 1
            length = data[at] if not data[at] & 0x80 else (data[at] & 0x7F) << 8 | data[at + 1]
            at += 2 if data[at] & 0x80 else 1
            strings.append(data[at : at + length].decode(errors="replace"))
        else:
            (length,) = struct.unpack_from("<H", data, at)
            strings.append(data[at + 2 : at + 2 + 2 * length].decode("utf-16-le", errors="replace"))
    return strings
