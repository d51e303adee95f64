"""What the header of an ELF library says: its machine, page alignment, needs and the API it was built for.

A phone's linker looks at the same fields and refuses with a line in a log; read here, they are a sentence before
anything is pushed.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from devbench.errors import EngineError

_MACHINES = {3: "x86", 40: "arm", 62: "x86_64", 183: "aarch64"}
_TARGET_MACHINES = {"arm64-v8a": "aarch64", "armeabi-v7a": "arm"}
_PROGRAM, _SHARED_OBJECT = 2, 3
_PT_LOAD, _PT_DYNAMIC, _PT_NOTE = 1, 2, 4
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_RELR = 1, 4, 5, 36
_DT_ANDROID_REL, _DT_ANDROID_RELA, _DT_ANDROID_RELR = 0x6000000F, 0x60000011, 0x6FFFE000
# what an older linker does not read, by the API that brought it: DT_GNU_HASH alone, packed and relative relocations
_API_GNU_HASH, _API_PACKED, _API_ANDROID_RELR, _API_RELR = 23, 23, 28, 30
_API_64_BIT = 21
_MAX_TABLE_BYTES = 1 << 20
_MAX_SEGMENTS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfLibrary:
    """A shared library; `minimal_api` is None where nothing in it names one (and for Linux means nothing)."""

    machine: str
    load_alignment_bytes: int
    needed: tuple[str, ...]
    minimal_api: int | None

    @property
    def needs_of_linux(self) -> str | None:
        """A library it is linked against that no Android has."""
        signs = ("libc.so.6", "libc.musl-", "ld-linux")
        return next((name for name in self.needed if name.startswith(signs)), None)

    @property
    def needs_of_android(self) -> str | None:
        """A library it is linked against that only Android has; plain `libc.so` is also musl's name."""
        return next((name for name in self.needed if name in ("liblog.so", "libandroid.so")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Segment:
    kind: int
    offset: int
    address: int
    size: int
    alignment: int


def machine_of_target(target: str) -> str:
    """The ELF machine of a target's libraries: `android-arm64-v8a` → `aarch64`."""
    abi = target.partition("-")[2]
    return _TARGET_MACHINES.get(abi, abi)


def is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def read_elf(path: Path, *, program: bool = False) -> ElfLibrary:
    """The header of the library at `path`; EngineError if it is no shared library or damaged.

    With `program` it may be one that is bound to its addresses, too: Android refuses those, boards do not.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path, program)
    except (struct.error, ValueError, OverflowError) as error:
        raise EngineError(f"{path} is a damaged ELF file: {error}") from error


def _read(file: BinaryIO, path: Path, program: bool) -> ElfLibrary:
    head = file.read(64)
    if head[:4] != b"\x7fELF" or len(head) < 52:
        raise EngineError(f"{path} is not a shared library (no ELF header)")
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    kind, machine = struct.unpack_from(order + "HH", head, 16)
    if kind != _SHARED_OBJECT and not (program and kind == _PROGRAM):
        raise EngineError(f"{path} is an ELF file, but no shared library (type {kind})")
    segments = _segments(file, head, wide, order)
    dynamic = list(_dynamic(file, segments, wide, order))
    loads = [s for s in segments if s.kind == _PT_LOAD]
    if not loads:
        raise EngineError(f"{path} is a damaged ELF file: nothing to load in it")
    return ElfLibrary(
        machine=_MACHINES.get(machine, f"machine-{machine}"),
        load_alignment_bytes=min(s.alignment for s in loads),
        needed=tuple(_needed(file, loads, dynamic)),
        minimal_api=_minimal_api(wide, {tag for tag, _ in dynamic}, _built_for_api(file, segments, order)),
    )


def _segments(file: BinaryIO, head: bytes, wide: bool, order: str) -> tuple[_Segment, ...]:
    (start,) = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    if count > _MAX_SEGMENTS:
        raise ValueError(f"{count} segments")
    table = _bytes(file, start, size * count)
    found = []
    for at in range(0, size * count, size):
        # the flags stand second in the wide form and seventh in the narrow one
        values = list(struct.unpack_from(order + ("IIQQQQQQ" if wide else "8I"), table, at))
        del values[1 if wide else 6]
        kind, offset, address, _, length, _, alignment = values
        found.append(_Segment(kind=kind, offset=offset, address=address, size=length, alignment=alignment))
    return tuple(found)


def _dynamic(
    file: BinaryIO, segments: tuple[_Segment, ...], wide: bool, order: str
) -> Iterator[tuple[int, int]]:
    for segment in segments:
        if segment.kind == _PT_DYNAMIC:
            entry = struct.Struct(order + ("QQ" if wide else "II"))
            table = _bytes(file, segment.offset, segment.size)
            for tag, value in entry.iter_unpack(table[: len(table) // entry.size * entry.size]):
                if tag == 0:
                    return
                yield tag, value


def _needed(file: BinaryIO, loads: list[_Segment], dynamic: list[tuple[int, int]]) -> Iterator[str]:
    strings = next((value for tag, value in dynamic if tag == _DT_STRTAB), None)
    if strings is None:
        return
    home = next((s for s in loads if s.address <= strings < s.address + s.size), None)
    if home is None:
        raise ValueError("its string table lies outside of it")
    for tag, value in dynamic:
        if tag == _DT_NEEDED:
            _seek(file, strings - home.address + home.offset + value)
            yield file.read(256).partition(b"\0")[0].decode("utf-8", "replace")


def _built_for_api(file: BinaryIO, segments: tuple[_Segment, ...], order: str) -> int | None:
    """The API level that the NDK notes in `.note.android.ident`."""
    for segment in segments:
        if segment.kind != _PT_NOTE:
            continue
        notes, at = _bytes(file, segment.offset, segment.size), 0
        while at + 12 <= len(notes):
            name_size, size, kind = struct.unpack_from(order + "III", notes, at)
            name = notes[at + 12 : at + 12 + name_size]
            at += 12 + (name_size + 3) // 4 * 4
            if name == b"Android\0" and kind == 1 and size >= 4:
                return int(struct.unpack_from(order + "I", notes, at)[0])
            at += (size + 3) // 4 * 4
    return None


def _minimal_api(wide: bool, tags: set[int], built_for: int | None) -> int | None:
    reasons = [
        _API_64_BIT if wide else None,
        built_for,
        _API_GNU_HASH if tags and _DT_HASH not in tags else None,
        _API_PACKED if tags & {_DT_ANDROID_REL, _DT_ANDROID_RELA} else None,
        _API_ANDROID_RELR if _DT_ANDROID_RELR in tags else None,
        _API_RELR if _DT_RELR in tags else None,
    ]
    return max((api for api in reasons if api is not None), default=None)


def _bytes(file: BinaryIO, offset: int, size: int) -> bytes:
    if size > _MAX_TABLE_BYTES:
        raise ValueError(f"a table of {size} bytes")
    _seek(file, offset)
    data = file.read(size)
    if len(data) != size:
        raise ValueError("cut off")
    return data


def _seek(file: BinaryIO, offset: int) -> None:
    try:
        file.seek(offset)
    except OSError as error:
        raise ValueError(f"it points to byte {offset} of itself") from error


def names_symbol(path: Path, symbol: str) -> bool:
    """Whether the file holds `symbol` as a whole name: enough to tell versions of a library apart."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return text.find(b"\0" + symbol.encode() + b"\0") >= 0
