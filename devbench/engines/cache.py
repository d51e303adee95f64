"""The per-user cache of engines: verified archives and their libraries, each written whole or not at all.

Layout below the folder: `archives/<sha256>.aar`, `<engine>/<version>/<target>/<library>`, and for a user's own
archives `own/<sha256>/<target>/<library>`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devbench.engines.archive import unpack
from devbench.engines.maven import FetchProgress, download
from devbench.engines.table import Library, Release
from devbench.errors import EngineError
from devbench.hashing import sha256_of

LOCK_TIMEOUT_S = 900.0
_LOCK = ".lock"
_PART = ".part-"


def library_path(cache_dir: Path, release: Release, library: Library) -> Path:
    """Where the library lies once it is cached."""
    return cache_dir / release.engine / release.version / library.target / Path(library.path).name


def cached(cache_dir: Path, release: Release, library: Library) -> Path | None:
    """The cached library, if it is there with the pinned content."""
    path = library_path(cache_dir, release, library)
    return path if _is(path, library.sha256, library.size_bytes) else None


def fetch(cache_dir: Path, release: Release, library: Library, progress: FetchProgress) -> Path:
    """The library of `release` for one target, from the cache or else from its repository.

    A second process waits for the first and then finds the file. EngineError leaves nothing behind but what was
    whole before.
    """
    there = cached(cache_dir, release, library)
    if there is not None:
        return there
    with _exclusive(cache_dir) as staging:
        there = cached(cache_dir, release, library)
        if there is not None:
            return there
        archive = _archive(cache_dir, release, staging, progress)
        return _take(archive, library, staging, library_path(cache_dir, release, library), release.name)


def unpack_own(cache_dir: Path, archive: Path, sha256: str, entry: str, target: str) -> Path:
    """`entry` of a user's own archive as a file that stays, for its path is recorded and resumed from."""
    final = cache_dir / "own" / sha256 / target / Path(entry).name
    if final.is_file():
        return final
    with _exclusive(cache_dir) as staging:
        part = staging / "library"
        unpack(archive, entry, part)
        _keep(part, final)
    return final


def _archive(cache_dir: Path, release: Release, staging: Path, progress: FetchProgress) -> Path:
    """The release's verified archive; kept, because the next phone may have another ABI and no network."""
    final = cache_dir / "archives" / f"{release.sha256}{Path(release.file_name).suffix}"
    if _is(final, release.sha256, release.size_bytes):
        return final
    found = download(release, staging / "download", progress)
    sha256 = sha256_of(found)
    if sha256 != release.sha256:
        raise EngineError(
            f"engine {release.name}: {release.file_name} is not the pinned file: "
            f"SHA-256 {sha256} ({found.stat().st_size} bytes), "
            f"expected {release.sha256} ({release.size_bytes} bytes)",
            fix="a cut-off download, a proxy or a repository that changed it: fetch again, then ask who serves it",
        )
    _keep(found, final)
    return final


def _take(archive: Path, library: Library, staging: Path, final: Path, name: str) -> Path:
    part = staging / "library"
    unpack(archive, library.path, part)
    if not _is(part, library.sha256, library.size_bytes):
        raise EngineError(
            f"engine {name}: {library.path} is not the pinned library: SHA-256 {sha256_of(part)}, "
            f"expected {library.sha256}",
            fix="the table of engines is wrong for this version: scripts/pin_engines.py makes it anew",
        )
    _keep(part, final)
    return final


def _keep(part: Path, final: Path) -> None:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        part.replace(final)
    except OSError as error:
        raise EngineError(f"{final} cannot be written: {error.strerror}") from error


def _is(path: Path, sha256: str, size_bytes: int) -> bool:
    return path.is_file() and path.stat().st_size == size_bytes and sha256_of(path) == sha256


@contextmanager
def _exclusive(cache_dir: Path) -> Iterator[Path]:
    """The cache's lock and a folder in it for what is not whole yet, on the same file system as the rest."""
    from filelock import FileLock, Timeout

    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(cache_dir / _LOCK, timeout=LOCK_TIMEOUT_S):
            for left in cache_dir.glob(f"{_PART}*"):
                # under the lock, whoever made it was killed
                shutil.rmtree(left, ignore_errors=True)
            staging = Path(tempfile.mkdtemp(prefix=_PART, dir=cache_dir))
            try:
                yield staging
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except Timeout as error:
        raise EngineError(
            f"another devbench has been fetching engines for {LOCK_TIMEOUT_S:g} s",
            fix="wait for it, or stop it",
        ) from error
    except OSError as error:
        raise EngineError(
            f"the engine cache {cache_dir} cannot be written: {error.strerror or error}"
        ) from error
