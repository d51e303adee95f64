"""What there is: pinned releases, cached libraries, the content of a file; for the commands that show it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from devbench.engines.archive import is_archive, libraries_by_abi, unpack
from devbench.engines.cache import library_path
from devbench.engines.elf import ElfLibrary, read_elf
from devbench.engines.resolve import release_of
from devbench.engines.table import Library, Release, Table, engine_table
from devbench.errors import UsageError


def all_releases(table: Table | None = None) -> tuple[Release, ...]:
    """Every pinned release, in the table's order."""
    table = engine_table() if table is None else table
    return tuple(release for engine in table.values() for release in engine.releases.values())


def cached_libraries(cache_dir: Path, table: Table | None = None) -> tuple[tuple[Release, Library], ...]:
    """Libraries that lie in the cache with their right size; `resolve` looks at the hash before one is used."""
    return tuple(
        (release, library)
        for release in all_releases(table)
        for library in release.libraries.values()
        if _lies(library_path(cache_dir, release, library), library)
    )


def _lies(path: Path, library: Library) -> bool:
    return path.is_file() and path.stat().st_size == library.size_bytes


def release_named(text: str, table: Table | None = None) -> Release:
    """The release `NAME[@VERSION]` (its default version if none is given); UsageError names what there is."""
    table = engine_table() if table is None else table
    name, _, version = text.partition("@")
    engine = table.get(name)
    if engine is None:
        raise UsageError(f"no engine {name!r}", fix=f"one of: {', '.join(table)}")
    release = release_of(engine, version or None)
    if release is not None:
        return release
    if engine.wheel is not None:
        raise UsageError(
            f"engine {name} comes with the Python package {engine.wheel}, not from a Maven repository",
            fix=f'pip install "devbench[{engine.wheel_extra}]"',
        )
    raise UsageError(f"no version {version} of {name} is pinned", fix=f"one of: {', '.join(engine.releases)}")


def inspect_file(path: Path) -> tuple[tuple[str, ElfLibrary], ...]:
    """(name, header) of the library at `path`, or of each library in the AAR at `path`; EngineError."""
    if not is_archive(path):
        return ((path.name, read_elf(path)),)
    found = []
    with TemporaryDirectory() as folder:
        for names in libraries_by_abi(path).values():
            for name in names:
                part = Path(folder) / "library"
                unpack(path, name, part)
                found.append((name, read_elf(part)))
                part.unlink()
    return tuple(found)
