"""Rows of the index: a run's into it, lines out of it."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from devbench.domain.codec import from_json, to_json
from devbench.domain.history import Line, LineKey, Origin, Point
from devbench.history.folders import RunStamp
from devbench.history.lines import last_nights, line_of
from devbench.history.read import Night, Row
from devbench.history.wanted import Wanted

# a variant that never gave a number shows in this line
_FIRST_METRIC = ("latency", "steady")


def store_skipped(database: sqlite3.Connection, run: RunStamp, why: str) -> None:
    database.execute(
        "INSERT INTO runs (folder, stamp, run_id, identity, started_at, night, records, skipped) "
        "VALUES (?, ?, '', '', '', '', 0, ?)",
        (run.folder, run.stamp, why),
    )


def store_night(database: sqlite3.Connection, run: RunStamp, night: Night) -> None:
    made = database.execute(
        "INSERT INTO runs (folder, stamp, run_id, identity, started_at, night, records) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (run.folder, run.stamp, night.run_id, night.identity, night.started_at, night.night, night.records),
    )
    for row in night.rows:
        _store_row(database, made.lastrowid, row)


def _store_row(database: sqlite3.Connection, run: int | None, row: Row) -> None:
    key = _id_of(database, "keys", {"text": json.dumps(to_json(row.key)), "control": int(row.control)})
    cell = {
        "run": run,
        "key": key,
        **dataclasses.asdict(row.origin),
        "variant_sha256": row.variant_sha256,
        "status": row.status,
        "reason": row.reason,
        "verdict": row.verdict,
        "taints": " ".join(row.taints),
    }
    marks = ", ".join("?" * len(cell))
    made = database.execute(
        f"INSERT INTO cells ({', '.join(cell)}) VALUES ({marks})",
        tuple(cell.values()),
    )
    for number in row.numbers:
        metric = _id_of(
            database, "metrics", {"metric": number.metric, "phase": number.phase, "unit": number.unit}
        )
        control = row.control_ns.get(number.phase) if number.metric == "latency" else None
        database.execute(
            "INSERT INTO numbers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                made.lastrowid, metric, number.value, number.low, number.high, number.n, number.rounds, control,
                number.reason,
            ),
        )  # fmt: skip


def _id_of(database: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    """The row with these values, made where there is none; table and columns are words of this module."""
    where = " AND ".join(f"{name} = ?" for name in values)
    found = database.execute(f"SELECT id FROM {table} WHERE {where}", tuple(values.values())).fetchone()
    if found is not None:
        return int(found[0])
    marks = ", ".join("?" * len(values))
    made = database.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",
        tuple(values.values()),
    )
    return int(made.lastrowid or 0)


def load_lines(database: sqlite3.Connection, runs: Sequence[int], wanted: Wanted) -> tuple[Line, ...]:
    """Every wanted line of these runs, by variant, phone, metric and the rest of its key."""
    database.execute("CREATE TEMP TABLE IF NOT EXISTS counted (run INTEGER PRIMARY KEY)")
    database.executemany("INSERT INTO counted VALUES (?)", [(run,) for run in runs])
    metrics = database.execute("SELECT id, metric, phase, unit FROM metrics").fetchall()
    lines: list[Line] = []
    for number, text, control in database.execute("SELECT id, text, control FROM keys").fetchall():
        key = from_json(LineKey, json.loads(text))
        asked = [
            (i, unit, dataclasses.replace(key, metric=metric, phase=phase))
            for i, metric, phase, unit in metrics
            if wanted.takes(dataclasses.replace(key, metric=metric, phase=phase))
        ]
        if asked:
            lines.extend(_lines_of_key(database, number, asked, bool(control), wanted.last))
    return tuple(
        sorted(lines, key=lambda line: (line.key.variant, line.key.device, line.key.metric, line.key.text))
    )


def _lines_of_key(
    database: sqlite3.Connection,
    key: int,
    asked: Sequence[tuple[int, str, LineKey]],
    control: bool,
    last: int | None,
) -> Iterator[Line]:
    """The lines of one way to run one variant on one phone: its nights, each with its numbers."""
    nights = database.execute(
        "SELECT c.id, r.run_id, r.night, r.started_at, r.folder, c.status, c.reason, c.verdict, c.taints, "
        "c.variant_sha256, c.fingerprint, c.runner_sha256, c.engine_sha256, c.engine_version, c.control_sha256 "
        "FROM cells c JOIN runs r ON r.id = c.run JOIN counted ON counted.run = r.id "
        "WHERE c.key = ? ORDER BY r.started_at, r.run_id, c.id",
        (key,),
    ).fetchall()
    origins = [
        Origin(fingerprint=f, runner_sha256=r, engine_sha256=e, engine_version=version, control_sha256=c)
        for *_, f, r, e, version, c in nights
    ]
    for metric, unit, whole in asked:
        numbers = {
            cell: number
            for cell, *number in database.execute(
                "SELECT n.cell, n.value, n.low, n.high, n.n, n.rounds, n.control_value, n.reason FROM cells c "
                "JOIN numbers n ON n.cell = c.id WHERE c.key = ? AND n.metric = ?",
                (key, metric),
            )
        }
        known = any(numbers[night[0]][0] is not None for night in nights if night[0] in numbers)
        if known or (nights and (whole.metric, whole.phase) == _FIRST_METRIC):
            points = [_point(night, numbers.get(night[0])) for night in nights]
            line = line_of(whole, unit, points, origins, control=control)
            yield line if last is None else last_nights(line, last)


def _point(night: Sequence[Any], number: Sequence[Any] | None) -> Point:
    _, run_id, date, started_at, folder, status, why, verdict, taints, sha256, *_ = night
    value, low, high, n, rounds, control_value, reason = number or (None, None, None, 0, 0, None, None)
    if value is None:
        reason = (why if status != "ok" else reason) or "this run did not measure it"
    return Point(
        run_id=run_id, night=date, started_at=started_at, value=value, low=low, high=high, n=n, rounds=rounds,
        control_value=control_value, status=status, reason=reason, verdict=verdict, taints=tuple(taints.split()),
        variant_sha256=sha256, folder=folder,
    )  # fmt: skip
