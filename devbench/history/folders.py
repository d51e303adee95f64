"""Run folders below what a user named, each with a stamp that changes when anything of the run does."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.errors import UsageError
from devbench.store import HEADER, RECORDS, SESSIONS

# results/lab/year/run: deeper than that, a folder is something else, and a search would take long
_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStamp:
    """A run folder, absolute, and the size and time of each file that lines are made of."""

    folder: str
    stamp: str


def find_runs(folders: Sequence[Path]) -> tuple[RunStamp, ...]:
    """Each run folder once, in order of its path; UsageError for a path that is no folder."""
    found: dict[str, RunStamp] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder", fix="name run folders, or a folder that holds some")
        for path in _runs_below(folder.resolve(), _DEPTH):
            stamp = _stamp(path)
            if stamp is not None:
                found[str(path)] = RunStamp(folder=str(path), stamp=stamp)
    return tuple(found[path] for path in sorted(found))


def _runs_below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            inside = [(entry.name, entry.is_dir()) for entry in entries]
    except OSError:
        return  # removed meanwhile, or not ours to read
    if any(name == HEADER for name, _ in inside):
        yield folder
    elif depth > 0:
        for name, is_folder in inside:
            if is_folder:
                yield from _runs_below(folder / name, depth - 1)


def _stamp(folder: Path) -> str | None:
    """None when the run went away meanwhile."""
    words = []
    for name in (HEADER, RECORDS, SESSIONS):
        try:
            found = (folder / name).stat()
        except OSError:
            if name == HEADER:
                return None
            words.append("-")
        else:
            words.append(f"{found.st_size}@{found.st_mtime_ns}")
    return " ".join(words)
