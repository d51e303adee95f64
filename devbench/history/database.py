"""The index as a file: made where it is missing, damaged or of an older devbench, shared by processes.

One folder is one transaction. What a power cut takes is read from the run folders again, so nothing is synced.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from devbench import __version__
from devbench.errors import StoreError

INDEX_SCHEMA = 3
_PATIENCE_S = 60.0
# of a year of 1000 lines most fits; the 2 MB by default make each number a page read
_CACHE_KIB = 64_000
_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, folder TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, run_id TEXT NOT NULL,
    identity TEXT NOT NULL, started_at TEXT NOT NULL, night TEXT NOT NULL, records INTEGER NOT NULL,
    skipped TEXT);
CREATE TABLE keys (id INTEGER PRIMARY KEY, text TEXT NOT NULL, control INTEGER NOT NULL, UNIQUE (text, control));
CREATE TABLE cells (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, key INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, runner_sha256 TEXT NOT NULL, engine_sha256 TEXT NOT NULL,
    engine_version TEXT NOT NULL, control_sha256 TEXT NOT NULL, variant_sha256 TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, verdict TEXT NOT NULL, taints TEXT NOT NULL);
CREATE INDEX cells_of_run ON cells (run);
CREATE INDEX cells_of_key ON cells (key);
CREATE TABLE metrics (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, phase TEXT NOT NULL, unit TEXT NOT NULL,
    UNIQUE (metric, phase, unit));
CREATE TABLE numbers (
    cell INTEGER NOT NULL REFERENCES cells ON DELETE CASCADE, metric INTEGER NOT NULL,
    value REAL, low REAL, high REAL, n INTEGER NOT NULL, rounds INTEGER NOT NULL, control_value REAL, reason TEXT,
    PRIMARY KEY (cell, metric)) WITHOUT ROWID;
CREATE TABLE made_by (schema INTEGER NOT NULL, devbench TEXT NOT NULL);
"""


@contextmanager
def opened(path: Path, *, rebuild: bool = False) -> Iterator[sqlite3.Connection]:
    """The index, empty after `rebuild`; StoreError when it is of a newer devbench or cannot be used."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connected(path, rebuild)) as database:
            yield database
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the history index {path} cannot be used: {error}",
            fix="make it anew from the run folders with --rebuild, or choose another place with --index FILE",
        ) from error


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing, and nobody else's between its statements."""
    with _between(database, "BEGIN IMMEDIATE"):
        yield


@contextmanager
def snapshot(database: sqlite3.Connection) -> Iterator[None]:
    """What is read inside is of one moment, whoever writes meanwhile."""
    with _between(database, "BEGIN"):
        yield


@contextmanager
def _between(database: sqlite3.Connection, begin: str) -> Iterator[None]:
    database.execute(begin)
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _connected(path: Path, rebuild: bool) -> sqlite3.Connection:
    try:
        return _connect(path, rebuild)
    except sqlite3.OperationalError:
        raise  # locked, read-only, disk full: nothing is wrong with what it holds
    except sqlite3.DatabaseError:
        # not a database any more; the folders have everything. A journal left behind would be played into the new
        for name in (path, path.with_name(path.name + "-journal")):
            name.unlink(missing_ok=True)
        return _connect(path, rebuild)


def _connect(path: Path, rebuild: bool) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
    try:
        database.execute("PRAGMA foreign_keys = OFF")  # tables are dropped in any order
        database.execute("PRAGMA synchronous = OFF")
        database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        with transaction(database):
            schema, version = _made_by(database)
            if schema > INDEX_SCHEMA:
                raise StoreError(
                    f"the history index {path} was made by a newer devbench ({version})",
                    fix=f"{StoreError.UPGRADE}, or choose another place with --index FILE",
                )
            # another version may derive other numbers from the same samples
            if rebuild or (schema, version) != (INDEX_SCHEMA, __version__):
                _make_anew(database)
        database.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        database.close()
        raise
    return database


def _made_by(database: sqlite3.Connection) -> tuple[int, str]:
    """Schema and version of who made it; (0, "") of a new file."""
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'made_by'").fetchone() is None:
        return 0, ""
    schema, version = database.execute("SELECT schema, devbench FROM made_by").fetchone() or (0, "")
    return int(schema), str(version)


def _make_anew(database: sqlite3.Connection) -> None:
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        database.execute(f'DROP TABLE "{name}"')
    for statement in filter(str.strip, _TABLES.split(";\n")):
        database.execute(statement)
    database.execute("INSERT INTO made_by VALUES (?, ?)", (INDEX_SCHEMA, __version__))
