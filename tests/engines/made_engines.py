"""Engines made for tests: ELF files from headers written here, AARs around them, a table that pins them."""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

from devbench.engines.table import Table, parse_table

MACHINES = {"arm64-v8a": (183, True), "armeabi-v7a": (40, False), "x86_64": (62, True), "x86": (3, False)}
LIBRARY = "libtoy_jni.so"
VERSION = "1.2.3"
ANDROID_NEEDS = ("libc.so", "liblog.so")


def elf(
    abi: str = "x86_64",
    *,
    alignment: int = 4096,
    needed: tuple[str, ...] = ANDROID_NEEDS,
    api: int | None = 21,
    tags: tuple[int, ...] = (4,),
    kind: int = 3,
) -> bytes:
    """A shared library of nothing but headers: `tags` are further dynamic entries, by default DT_HASH."""
    machine, wide = MACHINES[abi]
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in needed)
    offsets = [strings.index(b"\0" + name.encode() + b"\0") + 1 for name in needed]
    word, header, segment = ("Q", 64, 56) if wide else ("I", 52, 32)
    note = b"" if api is None else struct.pack("<III", 8, 4, 1) + b"Android\0" + struct.pack("<I", api)
    at_strings = header + 3 * segment
    at_note = (at_strings + len(strings) + 7) // 8 * 8
    at_dynamic = (at_note + len(note) + 7) // 8 * 8
    base = 0x10000
    entries = [(1, offset) for offset in offsets] + [
        (5, base + at_strings),
        *((tag, 0) for tag in tags),
        (0, 0),
    ]
    dynamic = b"".join(struct.pack(f"<2{word}", *entry) for entry in entries)
    size = at_dynamic + len(dynamic)
    segments = [(1, 0, base, size, alignment), (2, at_dynamic, base + at_dynamic, len(dynamic), 8),
                (4, at_note, base + at_note, len(note), 4)]  # fmt: skip
    head = b"\x7fELF" + bytes([2 if wide else 1, 1, 1]) + bytes(9)
    head += struct.pack(f"<HHI3{word}I6H", kind, machine, 1, 0, header, 0, 0, header, segment, 3, 0, 0, 0)
    for type_, offset, address, length, align in segments:
        if wide:
            head += struct.pack("<IIQQQQQQ", type_, 5, offset, address, address, length, length, align)
        else:
            head += struct.pack("<8I", type_, offset, address, address, length, length, 5, align)
    data = head + strings
    data += bytes(at_note - len(data)) + note
    data += bytes(at_dynamic - len(data)) + dynamic
    return data


def write_aar(path: Path, entries: Mapping[str, bytes]) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in {"AndroidManifest.xml": b"<manifest/>", **entries}.items():
            file.writestr(name, data)
    return path.read_bytes()


def entry(abi: str, library: str = LIBRARY) -> str:
    return f"jni/{abi}/{library}"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def table_of(
    archive: bytes, libraries: Mapping[str, bytes], repository: str = "http://127.0.0.1:9/none"
) -> Table:
    """A table with one engine `toy`, one release, and a pin for each of `libraries` (by ABI)."""
    lines = [
        "schema = 1", "[engine.toy]", 'title = "Toy"', 'formats = ["tflite"]', f'library = "{LIBRARY}"',
        f'default = "{VERSION}"', f'[engine.toy.release."{VERSION}"]', f'coordinates = "org.toy:toy:{VERSION}:aar"',
        f'repository = "{repository}"', f'sha256 = "{sha256(archive)}"', f"size_bytes = {len(archive)}",
        'delegates = ["xnnpack"]',
    ]  # fmt: skip
    for abi, data in libraries.items():
        lines += [
            f'[engine.toy.release."{VERSION}".target.android-{abi}]', f'path = "{entry(abi)}"',
            f'sha256 = "{sha256(data)}"', f"size_bytes = {len(data)}", "minimal_api = 21",
            "load_alignment_bytes = 4096",
        ]  # fmt: skip
    return parse_table("\n".join(lines), "made table")


def files_below(folder: Path) -> list[str]:
    """Every file below the folder but the lock, which is empty and stays."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != ".lock")
