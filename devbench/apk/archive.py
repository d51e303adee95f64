"""The ZIP file that an APK is, with every stored entry where Android can map it, and the same bytes each time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

ALIGNMENT_BYTES = 4
LIBRARY_ALIGNMENT_BYTES = 16384  # the largest page that phones have
_STORED, _DEFLATED = 0, 8
_DATE = 1 << 5 | 1  # 1980-01-01, the first day that a ZIP file knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in the archive: its content, and the bytes that stand for it there."""

    name: str
    content: bytes
    packed: bytes
    method: int

    @property
    def alignment_bytes(self) -> int:
        if self.method != _STORED:
            return 1
        return LIBRARY_ALIGNMENT_BYTES if self.name.endswith(".so") else ALIGNMENT_BYTES


def stored(name: str, content: bytes) -> Entry:
    """As it is, to be mapped from the APK."""
    return Entry(name=name, content=content, packed=content, method=_STORED)


def deflated(name: str, content: bytes) -> Entry:
    """Compressed; another build of zlib may give other bytes for the same content."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return Entry(name=name, content=content, packed=squeeze.compress(content) + squeeze.flush(), method=_DEFLATED)


def zip_parts(entries: Iterable[Entry]) -> tuple[bytes, bytes, bytes]:
    """Entries, central directory, and the record at the end: a signature goes between the first two."""
    body: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for entry in entries:
        name = entry.name.encode()
        # zipalign, too, aligns by zeros in the extra field
        pad = -(offset + 30 + len(name)) % entry.alignment_bytes
        sizes = (zlib.crc32(entry.content), len(entry.packed), len(entry.content))
        head = struct.pack("<HHHHHIII", 20, 0x0800, entry.method, 0, _DATE, *sizes)
        body += [b"PK\3\4" + head + struct.pack("<HH", len(name), pad) + name + bytes(pad), entry.packed]
        place = struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, offset)
        directory.append(b"PK\1\2" + struct.pack("<H", 20) + head + place + name)
        offset += 30 + len(name) + pad + len(entry.packed)
    central = b"".join(directory)
    count = len(directory)
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(central), offset, 0)
    return b"".join(body), central, end
