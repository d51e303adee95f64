"""An AAR from elsewhere: only the wanted library leaves it, and what is built to harm is refused by name."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from devbench.engines.archive import MAX_LIBRARY_BYTES, libraries_by_abi, unpack
from devbench.errors import EngineError

from .made_engines import elf, entry, files_below, write_aar

GOOD = entry("x86_64")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../evil.so", "points out of the archive"),
        ("jni/x86_64/../../../evil.so", "points out of the archive"),
        ("jni/../../evil.so", "points out of the archive"),
        ("..", "points out of the archive"),
        ("/etc/evil.so", "is an absolute path"),
        ("//evil.so", "is an absolute path"),
        ("..\\evil.so", "has a character"),
        ("C:evil.so", "has a character"),
    ],
)
def test_an_entry_that_points_out_of_the_archive_refuses_it_whole(
    tmp_path: Path, name: str, why: str
) -> None:
    """Also when the wanted library beside it is in order; the message names archive and entry."""
    archive = tmp_path / "bad.aar"
    write_aar(archive, {GOOD: elf(), name: b"evil"})
    out = tmp_path / "out"
    out.mkdir()

    with pytest.raises(EngineError, match=why) as caught:
        unpack(archive, GOOD, out / "library")

    assert "bad.aar is refused" in caught.value.message
    assert repr(name) in caught.value.message
    assert files_below(out) == []
    with pytest.raises(EngineError, match=why):
        libraries_by_abi(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_special_files_are_refused(tmp_path: Path, kind: int) -> None:
    archive = tmp_path / "bad.aar"
    info = zipfile.ZipInfo("jni/x86_64/liblink.so")
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(GOOD, elf())
        file.writestr(info, "/etc/passwd")

    with pytest.raises(EngineError, match=r"'jni/x86_64/liblink.so' is a link or a special file"):
        unpack(archive, GOOD, tmp_path / "library")


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Two tools may each see another of the two."""
    archive = tmp_path / "bad.aar"
    with zipfile.ZipFile(archive, "w") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr(GOOD, elf())
        file.writestr(GOOD, b"another")

    with pytest.raises(EngineError, match="is there twice"):
        unpack(archive, GOOD, tmp_path / "library")


def test_a_name_with_a_hidden_end_is_refused(tmp_path: Path) -> None:
    """A NUL cuts a name for some readers only."""
    archive = tmp_path / "bad.aar"
    data = write_aar(archive, {GOOD: elf(), "jni/x86_64/lib!.so": b"evil"})
    archive.write_bytes(data.replace(b"lib!.so", b"lib\0.so"))

    with pytest.raises(EngineError, match="has a character"):
        unpack(archive, GOOD, tmp_path / "library")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.aar"
    write_aar(archive, {GOOD: bytes(50_000_000)})

    with pytest.raises(EngineError, match=r"would unpack \d+ bytes to 50000000"):
        unpack(archive, GOOD, tmp_path / "library")

    assert not (tmp_path / "library").exists()


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    """The directory says more than the limit: nothing is read at all."""
    archive = tmp_path / "bomb.aar"
    data = write_aar(archive, {GOOD: elf()})
    at = data.rindex(b"PK\x01\x02")
    archive.write_bytes(data[: at + 24] + struct.pack("<I", MAX_LIBRARY_BYTES + 1) + data[at + 28 :])

    with pytest.raises(EngineError, match="would unpack"):
        unpack(archive, GOOD, tmp_path / "library")


@pytest.mark.parametrize("keep", [10, 200, -30])
def test_a_cut_off_archive_is_called_damaged(tmp_path: Path, keep: int) -> None:
    archive = tmp_path / "cut.aar"
    data = write_aar(archive, {GOOD: elf()})
    archive.write_bytes(data[:keep])

    with pytest.raises(EngineError, match=r"cut.aar is a damaged archive"):
        unpack(archive, GOOD, tmp_path / "library")


def test_changed_content_is_called_damaged(tmp_path: Path) -> None:
    """The archive's own checksum."""
    archive = tmp_path / "changed.aar"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(GOOD, elf())
    archive.write_bytes(archive.read_bytes().replace(b"liblog", b"libfog", 1))

    with pytest.raises(EngineError, match="damaged"):
        unpack(archive, GOOD, tmp_path / "library")


def test_libraries_are_listed_by_abi(tmp_path: Path) -> None:
    archive = tmp_path / "good.aar"
    write_aar(
        archive, {entry("x86"): elf("x86"), GOOD: elf(), "jni/x86_64/libother.so": elf(), "libs/x.so": b""}
    )

    assert libraries_by_abi(archive) == {"x86": (entry("x86"),), "x86_64": ("jni/x86_64/libother.so", GOOD)}
