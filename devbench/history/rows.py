"""Rows of the index: a run's into it, lines out of it."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from devbench.domain.codec import from_json, to_json
from devbench.domain.history import Line, LineKey, Origin, Point
from devbench.history.folders import RunStamp
from devbench.history.lines import cut_before, first_of_last, logs_of, segments_of
from devbench.history.read import Night, Row
from devbench.history.wanted import Wanted

_NOTHING = (0, 0, None, None, None, 0, 0, None, None)
# of more metrics than these, a cell's numbers are read in one go (a `+` keeps SQLite from looking each up)
_FEW = 4
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
    metrics: dict[tuple[str, str, str], int] = {}
    for row in night.rows:
        _store_row(database, made.lastrowid, row, metrics)


def _store_row(
    database: sqlite3.Connection, run: int | None, row: Row, metrics: dict[tuple[str, str, str], int]
) -> None:
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
        name = (number.metric, number.phase, number.unit)
        if name not in metrics:
            metrics[name] = _id_of(
                database, "metrics", dict(zip(("metric", "phase", "unit"), name, strict=True))
            )
        control = row.control_ns.get(number.phase) if number.metric == "latency" else None
        database.execute(
            "INSERT INTO numbers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                made.lastrowid, metrics[name], number.value, number.low, number.high, number.n, number.rounds,
                control, number.reason,
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
    if not nights:
        return  # of other folders than those asked for
    numbers = _numbers(database, key, [metric for metric, _, _ in asked])
    of_all = segments_of(list(map(_origin, nights)))
    for metric, unit, whole in asked:
        of_metric = numbers.get(metric, {})
        if not of_metric and (whole.metric, whole.phase) != _FIRST_METRIC:
            continue
        # a run that was not to measure it is no gap
        own = [night for night in nights if night[0] in of_metric or night[5] != "ok"]
        segments = of_all if len(own) == len(nights) else segments_of(list(map(_origin, own)))
        rows = [of_metric.get(night[0], _NOTHING) for night in own]
        basis, logs = logs_of([row[2] for row in rows], [row[7] for row in rows], segments)
        first = first_of_last([night[2] for night in own], last)
        yield Line(
            key=whole,
            unit=unit,
            control=control,
            points=tuple(map(_point, own[first:], rows[first:])),
            segments=cut_before(segments, first),
            basis=basis,
            logs=logs[first:],
        )


def _origin(night: Sequence[Any]) -> Origin:
    *_, fingerprint, runner, engine, version, control = night
    return Origin(
        fingerprint=fingerprint, runner_sha256=runner, engine_sha256=engine, engine_version=version,
        control_sha256=control,
    )  # fmt: skip


def _numbers(
    database: sqlite3.Connection, key: int, metrics: Sequence[int]
) -> dict[int, dict[int, tuple[Any, ...]]]:
    """By metric and cell; a metric without any value in this key is left out."""
    found: dict[int, dict[int, tuple[Any, ...]]] = defaultdict(dict)
    for row in _select(database, key, metrics, "n.value IS NOT NULL"):
        found[row[0]][row[1]] = row
    # why a number is missing is asked for those that other nights have only: most are never there
    for row in _select(database, key, list(found), "n.value IS NULL"):
        found[row[0]][row[1]] = row
    return found


def _select(database: sqlite3.Connection, key: int, metrics: Sequence[int], condition: str) -> sqlite3.Cursor:
    names = ", ".join("?" * len(metrics))
    return database.execute(
        "SELECT n.metric, n.cell, n.value, n.low, n.high, n.n, n.rounds, n.control_value, n.reason FROM cells c "
        "JOIN counted ON counted.run = c.run JOIN numbers n ON n.cell = c.id "
        f"WHERE c.key = ? AND {'+' if len(metrics) > _FEW else ''}n.metric IN ({names}) AND {condition}",
        (key, *metrics),
    )


def _point(night: Sequence[Any], number: Sequence[Any]) -> Point:
    _, run_id, date, started_at, folder, status, why, verdict, taints, sha256, *_ = night
    _, _, value, low, high, n, rounds, control_value, reason = number
    if value is None:
        reason = (why if status != "ok" else reason) or "it was not measured"
    return Point(
        run_id=run_id, night=date, started_at=started_at, value=value, low=low, high=high, n=n, rounds=rounds,
        control_value=control_value, status=status, reason=reason, verdict=verdict, taints=tuple(taints.split()),
        variant_sha256=sha256, folder=folder,
    )  # fmt: skip
