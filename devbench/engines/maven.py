"""Fetches one artefact from a Maven repository: the only importer of jgo, which an extra brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from devbench.engines.table import Release
from devbench.errors import EngineError, MissingExtra

TIMEOUT_S = 30
# what is fetched, bytes so far, bytes in all
FetchProgress: TypeAlias = Callable[[str, int, int], None]


def silent(what: str, done_bytes: int, total_bytes: int) -> None:
    """FetchProgress that nobody wants to see."""


def download(release: Release, folder: Path, progress: FetchProgress) -> Path:
    """The archive of `release`, unverified, somewhere below the empty folder `folder`.

    MissingExtra without jgo; EngineError when the repository does not answer or does not have it.
    """
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise MissingExtra(
            f"engine {release.name} is not in the cache, and fetching it needs jgo, which is not installed",
            fix='pip install "devbench[android]"',
        ) from error

    @contextmanager
    def told(file_name: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
        done_bytes = 0

        def update(count: int) -> None:
            nonlocal done_bytes
            done_bytes += count
            progress(release.name, done_bytes, total_bytes)

        progress(release.name, 0, total_bytes)
        yield update

    group, artifact, version, packaging = release.coordinates.split(":")
    context = MavenContext(
        # a repository cache of our own: jgo writes straight to the final name, and a cut-off download of it in
        # the user's ~/.m2 would be taken for whole ever after
        repo_cache=folder,
        remote_repos=None if release.repository is None else {"named": release.repository},
        timeout=TIMEOUT_S,
        resolver=PythonResolver(progress_callback=told),
    )
    try:
        found = context.project(group, artifact).at_version(version).artifact(packaging=packaging).resolve()
    # requests' errors are OSErrors; "not found" is a RuntimeError of jgo
    except (OSError, RuntimeError) as error:
        raise EngineError(
            f"engine {release.name} is not in the cache and cannot be fetched: {_reason(error)}",
            fix=f"once there is a network: devbench engines fetch {release.name}; "
            f"or with a file of yours: --engine {release.name}=PATH",
        ) from error
    return Path(found)


def _reason(error: Exception) -> str:
    """The innermost cause in one line: the outer ones repeat addresses and object names."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}"
