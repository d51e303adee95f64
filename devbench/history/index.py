"""`history.sqlite`: what every run folder says, so that a year of nights is read once. The folders are the truth.

A folder is read again when the size or time of one of its files changed; what is written while it is read shows in
the next look.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.domain.history import Line
from devbench.errors import StoreError
from devbench.history.database import opened, snapshot, transaction
from devbench.history.folders import RunStamp, find_runs
from devbench.history.read import Night, read_night
from devbench.history.rows import load_lines, store_night, store_skipped
from devbench.history.wanted import Wanted
from devbench.store import HEADER

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A run folder that no line has points of, and why."""

    folder: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """A look at the folders: runs that count, folders read anew, runs that left the index with their folder.

    `skipped` cannot be read. `copies` are of runs that another folder holds too, with as many records or more.
    """

    runs: int
    added: int
    removed: int
    skipped: tuple[Skipped, ...] = ()
    copies: tuple[Skipped, ...] = ()


class History:
    """Lines over run folders: of those that `refresh` saw last, without it of all in the index."""

    def __init__(self, index_path: Path) -> None:
        self.path = index_path
        # folders, not row numbers: those change when another process reads a folder anew
        self._folders: set[str] | None = None

    def refresh(
        self, folders: Sequence[Path], on_progress: OnProgress | None = None, *, rebuild: bool = False
    ) -> Refreshed:
        """Bring the index up to what is in `folders`: runs, or folders that hold some, up to four deep.

        `on_progress(done, of)` counts folders that have to be read. UsageError for a path that is no folder,
        StoreError when the index is of a newer devbench or cannot be written.
        """
        found = find_runs(folders)
        with opened(self.path, rebuild=rebuild) as database:
            known = dict(database.execute("SELECT folder, stamp FROM runs").fetchall())
            gone = [folder for folder in known if not (Path(folder) / HEADER).is_file()]
            with transaction(database):
                database.executemany("DELETE FROM runs WHERE folder = ?", [(folder,) for folder in gone])
            todo = [run for run in found if known.get(run.folder) != run.stamp]
            for done, run in enumerate(todo, start=1):
                _take(database, run)
                if on_progress is not None:
                    on_progress(done, len(todo))
            folders_found = {run.folder for run in found}
            self._folders = folders_found
            counted, copies = _counted(database, folders_found)
            return Refreshed(
                runs=len(counted),
                added=len(todo),
                removed=len(gone),
                skipped=_skipped(database, folders_found),
                copies=copies,
            )

    def lines(self, wanted: Wanted | None = None) -> tuple[Line, ...]:
        """Lines by variant, phone and metric, points by time; a run counts once, however often it was copied."""
        with opened(self.path) as database, snapshot(database):
            return load_lines(database, _counted(database, self._folders)[0], wanted or Wanted())


def _take(database: sqlite3.Connection, run: RunStamp) -> None:
    """One folder, read outside the transaction; its stamp is from before."""
    night: Night | None = None
    why = ""
    try:
        night = read_night(Path(run.folder))
    except StoreError as error:
        why = str(error)
    with transaction(database):
        database.execute("DELETE FROM runs WHERE folder = ?", (run.folder,))
        if night is None:
            store_skipped(database, run, why)
        else:
            store_night(database, run, night)


def _skipped(database: sqlite3.Connection, folders: set[str]) -> tuple[Skipped, ...]:
    rows = database.execute("SELECT folder, skipped FROM runs WHERE skipped IS NOT NULL ORDER BY folder")
    return tuple(Skipped(folder=folder, reason=why) for folder, why in rows if folder in folders)


def _counted(
    database: sqlite3.Connection, folders: set[str] | None
) -> tuple[tuple[int, ...], tuple[Skipped, ...]]:
    """The runs that count, and copies that do not: of each run the folder with most records counts."""
    best: dict[str, tuple[int, str]] = {}
    copies: list[Skipped] = []
    rows = database.execute(
        "SELECT id, folder, identity FROM runs WHERE skipped IS NULL ORDER BY records DESC, folder"
    )
    for number, folder, identity in rows:
        if folders is not None and folder not in folders:
            continue
        first = best.setdefault(identity, (number, folder))
        if first[0] != number:
            copies.append(Skipped(folder=folder, reason=f"the same run as {first[1]}"))
    return tuple(number for number, _ in best.values()), tuple(copies)
