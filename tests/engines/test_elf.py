"""The ELF reader: agrees with an independent one on real files, and never trips over a damaged one."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from devbench.engines.elf import ElfLibrary, machine_of_target, read_elf
from devbench.errors import EngineError

from .made_engines import ANDROID_NEEDS, MACHINES, elf

PACKAGES = Path(sys.prefix) / "lib"
ELFTOOLS_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_ARM": "arm", "EM_386": "x86"}


def read(tmp_path: Path, data: bytes) -> ElfLibrary:
    path = tmp_path / "lib.so"
    path.write_bytes(data)
    return read_elf(path)


@pytest.mark.parametrize("abi", MACHINES)
def test_made_libraries_read_as_they_were_made(tmp_path: Path, abi: str) -> None:
    """The same for 32 and 64 bits; pyelftools, which knows nothing of us, sees the same file."""
    data = elf(abi, alignment=16384, api=24)

    found = read(tmp_path, data)

    assert found == ElfLibrary(machine=machine_of_target(f"android-{abi}"), load_alignment_bytes=16384,
                               needed=ANDROID_NEEDS, minimal_api=24)  # fmt: skip
    assert ELFTOOLS_MACHINES[ELFFile(io.BytesIO(data))["e_machine"]] == found.machine


def test_real_libraries_read_as_pyelftools_reads_them() -> None:
    """Shared libraries of this Python installation."""
    paths = sorted(path for path in PACKAGES.rglob("*.so*") if path.is_file())[::25][:20]
    assert paths
    for path in paths:
        with path.open("rb") as file:
            theirs = ELFFile(file)
            loads = [s["p_align"] for s in theirs.iter_segments() if s["p_type"] == "PT_LOAD"]
            dynamic = theirs.get_section_by_name(".dynamic")
            needed = [tag.needed for tag in dynamic.iter_tags() if tag.entry.d_tag == "DT_NEEDED"]
            machine = ELFTOOLS_MACHINES[theirs["e_machine"]]
        ours = read_elf(path)
        assert (ours.machine, ours.load_alignment_bytes, list(ours.needed)) == (
            machine,
            min(loads),
            needed,
        ), path


@pytest.mark.parametrize(
    ("made", "api"),
    [
        (elf("x86", api=None), None),
        (elf("x86_64", api=None), 21),
        (elf("x86", api=16), 16),
        (elf("arm64-v8a", api=16), 21),
        (elf("x86", api=19, tags=(0x6FFFFEF5,)), 23),
        (elf("x86", api=19, tags=(4, 0x6FFFFEF5)), 19),
        (elf("x86", api=19, tags=(4, 0x6000000F)), 23),
        (elf("x86", api=19, tags=(4, 0x6FFFE000)), 28),
        (elf("x86", api=19, tags=(4, 36)), 30),
    ],
    ids=["nothing", "64-bit", "note", "note-below-64-bit", "gnu-hash-only", "both-hashes", "packed", "relr-android",
         "relr"],
)  # fmt: skip
def test_the_least_api_is_what_an_older_linker_would_stumble_over(
    tmp_path: Path, made: bytes, api: int | None
) -> None:
    assert read(tmp_path, made).minimal_api == api


def test_linux_and_android_libraries_are_told_apart(tmp_path: Path) -> None:
    linux = read(tmp_path, elf(needed=("libc.so.6", "ld-linux-x86-64.so.2"), api=None))
    android = read(tmp_path, elf())

    assert (linux.needs_of_linux, linux.needs_of_android) == ("libc.so.6", None)
    assert (android.needs_of_linux, android.needs_of_android) == (None, "liblog.so")


def test_other_files_are_no_libraries(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no ELF header"):
        read(tmp_path, b"")
    with pytest.raises(EngineError, match="no ELF header"):
        read(tmp_path, b"MZ" + bytes(100))
    with pytest.raises(EngineError, match="no shared library"):
        read(tmp_path, elf(kind=1))


WHOLE = {abi: elf(abi) for abi in ("x86_64", "x86")}


@given(abi=st.sampled_from(sorted(WHOLE)), changes=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=8))),
       length=st.integers(0, 600))  # fmt: skip
def test_a_damaged_library_is_an_engine_error_or_reads(
    tmp_path_factory: pytest.TempPathFactory, abi: str, changes: list[tuple[int, bytes]], length: int
) -> None:
    """Whatever bytes are changed or missing, nothing but EngineError comes out."""
    data = bytearray(WHOLE[abi])
    for at, patch in changes:
        data[at : at + len(patch)] = patch
    path = tmp_path_factory.getbasetemp() / "fuzzed.so"
    path.write_bytes(data[:length])
    try:
        read_elf(path)
    except EngineError:
        pass
