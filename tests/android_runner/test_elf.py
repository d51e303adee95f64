"""What Android's linkers ask of an executable, from 5.1 on phones with 32-bit to 16 KB pages on the newest."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from .conftest import Runner

ANDROID = {
    "android-arm64-v8a": (2, 183, "/system/bin/linker64"),
    "android-armeabi-v7a": (1, 40, "/system/bin/linker"),
    "android-x86_64": (2, 62, "/system/bin/linker64"),
    "android-x86": (1, 3, "/system/bin/linker"),
}
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK = 1, 2, 3, 0x6474E551
DT_NEEDED, DT_HASH, DT_STRTAB, DT_TEXTREL, DT_FLAGS, DT_GNU_HASH = 1, 4, 5, 22, 30, 0x6FFFFEF5
DF_TEXTREL = 4
ARM_SOFT_FLOAT, ARM_HARD_FLOAT = 0x200, 0x400


@dataclass(slots=True)
class Elf:
    """The few fields of an ELF file that matter here."""

    content: bytes
    bits: int = 0
    kind: int = 0
    machine: int = 0
    flags: int = 0
    segments: list[tuple[int, int, int, int, int]] = field(
        default_factory=list
    )  # type flags offset vaddr align
    dynamic: list[tuple[int, int]] = field(default_factory=list)
    interpreter: str = ""
    sections: int = 0

    def __post_init__(self) -> None:
        assert self.content[:4] == b"\x7fELF" and self.content[5] == 1
        self.bits = self.content[4]
        header = "<HHIQQQIHHHHHH" if self.bits == 2 else "<HHIIIIIHHHHHH"
        fields = struct.unpack_from(header, self.content, 16)
        self.kind, self.machine, self.flags = fields[0], fields[1], fields[6]
        for i in range(fields[9]):
            self._read_segment(fields[4] + i * fields[8])

    def _read_segment(self, at: int) -> None:
        if self.bits == 2:
            kind, flags, offset, vaddr, _, size, _, align = struct.unpack_from("<IIQQQQQQ", self.content, at)
        else:
            kind, offset, vaddr, _, size, _, flags, align = struct.unpack_from("<IIIIIIII", self.content, at)
        self.segments.append((kind, flags, offset, vaddr, align))
        if kind == PT_INTERP:
            self.interpreter = self.content[offset : offset + size - 1].decode()
        if kind == PT_DYNAMIC:
            entry = "<qQ" if self.bits == 2 else "<iI"
            pairs = struct.iter_unpack(entry, self.content[offset : offset + size])
            self.dynamic = [(tag, value) for tag, value in pairs]

    def values(self, tag: int) -> list[int]:
        return [value for known, value in self.dynamic if known == tag]

    def needed(self) -> set[str]:
        (table,) = self.values(DT_STRTAB)
        offset = next(
            o + table - v for kind, _, o, v, _ in reversed(self.segments) if kind == PT_LOAD and v <= table
        )
        names = (self.content[offset + at :] for at in self.values(DT_NEEDED))
        return {name[: name.index(0)].decode() for name in names}


@pytest.fixture(params=sorted(ANDROID))
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["devbench-runner", "libdevbench_runner.so"])
def name(request: pytest.FixtureRequest) -> str:
    """The program, or the app's library."""
    return str(request.param)


@pytest.fixture
def elf(target: str, name: str, runner: Runner, build: ModuleType) -> Elf:
    return Elf(Path(build.DEFAULT_OUT / target / name).read_bytes())


def test_it_is_for_the_abi_and_its_linker(target: str, name: str, elf: Elf) -> None:
    bits, machine, interpreter = ANDROID[target]
    assert (elf.bits, elf.machine) == (bits, machine)
    assert elf.interpreter == (interpreter if name == "devbench-runner" else "")


def test_it_is_position_independent(elf: Elf) -> None:
    """Android 5 refuses anything else."""
    assert elf.kind == 3


def test_it_has_no_text_relocations(elf: Elf) -> None:
    """Android 6 refuses them."""
    assert not elf.values(DT_TEXTREL)
    assert not any(flags & DF_TEXTREL for flags in elf.values(DT_FLAGS))


def test_both_hash_tables_are_there(elf: Elf) -> None:
    """Android 5 knows only the old one."""
    assert elf.values(DT_HASH) and elf.values(DT_GNU_HASH)


def test_segments_suit_16_kb_pages(elf: Elf) -> None:
    loads = [segment for segment in elf.segments if segment[0] == PT_LOAD]
    assert loads and all(align >= 16384 for *_, align in loads)
    assert all(offset % align == vaddr % align for _, _, offset, vaddr, align in loads)


def test_nothing_is_both_writable_and_executable(elf: Elf) -> None:
    assert not [s for s in elf.segments if s[0] in (PT_LOAD, PT_GNU_STACK) and s[1] & 3 == 3]


def test_it_needs_only_libc_and_libdl(elf: Elf) -> None:
    assert elf.needed() == {"libc.so", "libdl.so"}


def test_arm_passes_floats_in_integer_registers(target: str, elf: Elf) -> None:
    """The ABI of every armeabi-v7a library; a hard-float program would call them wrongly."""
    if target == "android-armeabi-v7a":
        assert not elf.flags & ARM_HARD_FLOAT
    else:
        assert elf.flags == 0


def test_no_symbol_but_the_stubs_names_is_asked_for(name: str, elf: Elf, build: ModuleType) -> None:
    """A library's own name, and the functions that Java finds by theirs, stand in the same table."""
    stubs = {name for file in build.STUBS.glob("*.txt") for name in file.read_text().split()}
    (table,) = elf.values(DT_STRTAB)
    (size,) = elf.values(10)
    offset = next(
        o + table - v for kind, _, o, v, _ in reversed(elf.segments) if kind == PT_LOAD and v <= table
    )
    names = {name.decode() for name in elf.content[offset : offset + size].split(b"\0") if name}
    own = {name} | {symbol for symbol in names if symbol.startswith("Java_dev_devbench_")}
    assert names <= stubs | elf.needed() | (own if name.endswith(".so") else set())
