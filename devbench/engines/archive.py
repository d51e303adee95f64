"""Takes files out of an AAR or APK, because an archive from elsewhere may hold names and sizes meant to harm.

Nothing is unpacked by the archive's own paths: the caller names the entry and the file it becomes. An archive with
an entry that points out of its folder is refused whole all the same, since nobody makes one by accident.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from devbench.errors import EngineError

MAX_ENTRIES = 20_000
MAX_LIBRARY_BYTES = 1 << 30
MAX_RATIO = 100
_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 1 << 20


def is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def libraries_by_abi(archive: Path, *, folder: str = "jni") -> dict[str, tuple[str, ...]]:
    """Entries `<folder>/<abi>/*.so` by ABI: `jni` of an AAR, `lib` of an APK.

    EngineError if the archive is damaged or unsafe.
    """
    with _opened(archive) as file:
        found: dict[str, list[str]] = {}
        for info in file.infolist():
            parts = info.filename.split("/")
            if len(parts) == 3 and parts[0] == folder and parts[2].endswith(".so"):
                found.setdefault(parts[1], []).append(info.filename)
    return {abi: tuple(sorted(names)) for abi, names in found.items()}


def unpack(archive: Path, entry: str, destination: Path) -> None:
    """Write `entry` of `archive` to the new file `destination`; EngineError names what is wrong with either."""
    with (
        _opened(archive) as file,
        file.open(_entry(archive, file, entry)) as source,
        destination.open("xb") as target,
    ):
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)


def read_entry(archive: Path, entry: str) -> bytes:
    """The content of `entry` of `archive`; EngineError names what is wrong with either."""
    with _opened(archive) as file:
        return file.read(_entry(archive, file, entry))


def _entry(archive: Path, file: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        info = file.getinfo(name)
    except KeyError as error:
        raise EngineError(f"{archive.name} has no entry {name}") from error
    _check_size(archive, info)
    return info


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(archive) as file:
            _check_names(archive, file.infolist())
            yield file
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise EngineError(f"{archive.name} is a damaged archive: {error}") from error
    except OSError as error:
        raise EngineError(f"{archive.name} cannot be unpacked: {error.strerror or error}") from error


def _check_names(archive: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise EngineError(
            f"{archive.name} is refused: it has {len(entries)} entries, more than {MAX_ENTRIES}"
        )
    seen: set[str] = set()
    for info in entries:
        why = _unsafe(info)
        if why is None and info.filename in seen:
            why = "is there twice"
        if why is not None:
            raise EngineError(f"{archive.name} is refused: its entry {info.filename!r} {why}")
        seen.add(info.filename)


def _unsafe(info: zipfile.ZipInfo) -> str | None:
    # Python cuts names at a NUL; what came before that is in orig_filename
    name = info.orig_filename
    if "\0" in name or "\\" in name or ":" in name:
        return "has a character that is no part of a file name in an archive"
    if name.startswith("/"):
        return "is an absolute path"
    if ".." in PurePosixPath(name).parts:
        return "points out of the archive"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a special file"
    return None


def _check_size(archive: Path, info: zipfile.ZipInfo) -> None:
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > MAX_LIBRARY_BYTES or (info.file_size > _SMALL_BYTES and ratio > MAX_RATIO):
        raise EngineError(
            f"{archive.name} is refused: its entry {info.filename!r} would unpack "
            f"{info.compress_size} bytes to {info.file_size}"
        )
