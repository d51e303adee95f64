"""What the engine cache holds now, for the commands that show it."""

from __future__ import annotations

from pathlib import Path

from devbench.engines.cache import library_path
from devbench.engines.table import Library, Release, Table, engine_table


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
