"""From `tflite`, `tflite@2.14.0` or `tflite@2.14.0=/path` and a target to one library file with its hash."""

from __future__ import annotations

from pathlib import Path

from devbench.engines.archive import is_archive, libraries_by_abi
from devbench.engines.asked import EngineAsked
from devbench.engines.cache import fetch, unpack_own
from devbench.engines.elf import is_elf
from devbench.engines.file import EngineFile, engine_file
from devbench.engines.maven import FetchProgress, silent
from devbench.engines.table import Engine, Release, Table, engine_table
from devbench.engines.wheel import from_wheel
from devbench.errors import EngineError
from devbench.hashing import sha256_of


def resolve(
    asked: EngineAsked,
    target: str,
    *,
    cache_dir: Path,
    progress: FetchProgress = silent,
    table: Table | None = None,
) -> EngineFile:
    """The library for `asked` on `target`, fetched into `cache_dir` if it is not there yet.

    EngineError says why there is none, of kind `abi` if the file is for another target; MissingExtra names the
    extra that brings or fetches it. What is cached needs neither network nor jgo.
    """
    engine = (engine_table() if table is None else table)[asked.engine]
    if asked.path is not None:
        return _own(engine, asked, asked.path, target, cache_dir)
    if asked.version in engine.releases or (asked.version is None and target not in engine.wheel_targets):
        release = release_of(engine, asked.version)
        if release is not None:
            return _pinned(engine, release, target, cache_dir, progress)
    if engine.wheel is None or target not in engine.wheel_targets:
        raise EngineError(
            f"engine {asked} has no library for {target}",
            fix=f"give one: --engine {asked}=/path/to/{engine.library}",
            kind="abi",
        )
    return from_wheel(engine, asked, target)


def release_of(engine: Engine, version: str | None) -> Release | None:
    """The pinned release of a version, or the default one; None where there is none."""
    return engine.releases.get(version or engine.default or "")


def _pinned(
    engine: Engine, release: Release, target: str, cache_dir: Path, progress: FetchProgress
) -> EngineFile:
    library = release.libraries.get(target)
    if library is None:
        raise EngineError(
            f"engine {release.name} has no library for {target}; it has: {', '.join(release.libraries)}",
            fix="leave --engine out for the target's default engine, "
            f"or give a library: --engine {release.name}=/path/to/{engine.library}",
            kind="abi",
        )
    path = fetch(cache_dir, release, library, progress)
    return engine_file(
        engine.name,
        release.version,
        target,
        path,
        delegates=release.delegates,
        minimal_api=library.minimal_api,
    )


def _own(engine: Engine, asked: EngineAsked, path: Path, target: str, cache_dir: Path) -> EngineFile:
    """A user's own library, or the one for this target out of a user's own AAR."""
    try:
        if is_archive(path):
            entry = _entry_for(engine, path, target)
            path = unpack_own(cache_dir, path, sha256_of(path), entry, target)
        elif not is_elf(path):
            raise EngineError(
                f"{path} is neither a shared library nor an AAR",
                fix=f"--engine {asked}=PATH takes a .so or .aar",
            )
        return engine_file(engine.name, asked.version, target, path)
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error


def _entry_for(engine: Engine, archive: Path, target: str) -> str:
    """The engine's library by its usual name, or the only one there is for the ABI."""
    os_name, _, abi = target.partition("-")
    by_abi = libraries_by_abi(archive)
    if os_name != "android" or abi not in by_abi:
        has = ", ".join(sorted(by_abi)) or "none at all"
        raise EngineError(
            f"abi: {archive.name} has no library for {target}; it has: {has}",
            fix=f"an AAR with jni/{abi}/, or the library itself: --engine {engine.name}=/path/to/{engine.library}",
            kind="abi",
        )
    named = [name for name in by_abi[abi] if name.endswith(f"/{engine.library}")]
    candidates = named or by_abi[abi]
    if len(candidates) != 1:
        raise EngineError(
            f"{archive.name} has several libraries for {abi}, none called {engine.library}: "
            f"{', '.join(Path(name).name for name in candidates)}",
            fix=f"unpack it and name one: --engine {engine.name}=PATH",
        )
    return candidates[0]
