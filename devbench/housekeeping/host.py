"""What lies on this host and can be had again or is only raw talk: measurements themselves are never touched.

`report`: a run's derived files, made anew by `devbench report`. `logs`: what was said while it was measured, not
the source of an imported run. `engine`: downloaded archives and libraries; a user's own stay, runs name them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.errors import StoreError
from devbench.housekeeping.keep import Keep
from devbench.store import HEADER, RunFolder, read_header

_OWN_ENGINES = "own"
_KEPT_LOGS = frozenset({"source.txt"})
# what is had again for nothing goes first
ORDER = ("report", "virtual-phone", "lab-file", "engine", "variant", "logs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Files that may go together. `changed_s` is the newest change, since 1970; `kept` says why it stays."""

    what: str
    name: str
    paths: tuple[Path, ...]
    size_bytes: int
    changed_s: float
    kept: str | None = None


def find_leftovers(
    results: Path, engines: Path, keep: Keep, others: Sequence[tuple[str, Path]] = ()
) -> list[Leftover]:
    """Everything that could go; `others` are folders of a kind of their own, as (what, path)."""
    found = [each for run in sorted(results.glob(f"*/{HEADER}")) for each in _of_run(run.parent, keep)]
    found += _of_engines(engines, keep.in_use)
    for what, path in others:
        found += leftover(what, path.name, (path,))
    return found


def _of_run(folder: Path, keep: Keep) -> Iterator[Leftover]:
    try:
        header = read_header(folder)
    except StoreError:
        return  # damaged, or of a newer devbench: not ours to judge
    kept = keep.why(header.run_id, header.created_at[:10], (d.device for d in header.devices))
    if RunFolder(folder).is_held():
        kept = "it is worked on now"
    yield from leftover("report", folder.name, (folder / "report",), kept)
    logs = folder / "logs"
    raw = tuple(sorted(p for p in logs.iterdir() if p.name not in _KEPT_LOGS)) if logs.is_dir() else ()
    yield from leftover("logs", folder.name, raw, kept)


def _of_engines(engines: Path, kept: str | None) -> Iterator[Leftover]:
    for folder in sorted(engines.iterdir()) if engines.is_dir() else ():
        if folder.is_dir() and folder.name != _OWN_ENGINES and not folder.name.startswith("."):
            for inside in sorted(folder.iterdir()):
                yield from leftover("engine", f"{folder.name}/{inside.name}", (inside,), kept)


def leftover(what: str, name: str, paths: tuple[Path, ...], kept: str | None = None) -> Iterator[Leftover]:
    """These files as one; nothing where there are none."""
    files = [file for path in paths for file in _files(path)]
    if not files:
        return
    stats = [file.lstat() for file in files]
    yield Leftover(
        what=what,
        name=name,
        paths=paths,
        size_bytes=sum(s.st_size for s in stats),
        changed_s=max(s.st_mtime for s in stats),
        kept=kept,
    )


def _files(path: Path) -> list[Path]:
    """Links count as themselves: what they lead to is somebody else's."""
    if path.is_symlink() or path.is_file():
        return [path]
    return [p for p in path.rglob("*") if p.is_symlink() or p.is_file()] if path.is_dir() else []


def folder_bytes(*folders: Path) -> int:
    return sum(file.lstat().st_size for folder in folders for file in _files(folder))


def remove(leftover: Leftover) -> None:
    """StoreError where the disk refuses."""
    for path in leftover.paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another devbench cleans too
        except OSError as error:
            raise StoreError(f"{path} cannot be removed: {error.strerror or error}") from error
