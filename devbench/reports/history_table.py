"""Lines over nights as rows: a table with sparklines, CSV with a row a night, JSON as the index has them."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from devbench.domain.codec import to_json
from devbench.domain.history import Line, LineKey
from devbench.history import trend_of
from devbench.units import show, signed_pct

CSV_COLUMNS = (
    "device", "variant", "metric", "phase", "unit", "engine", "engine_version", "runner", "delegate", "threads",
    "cores", "load", "abi", "profile", "clock_state", "inputs", "allowed", "apart", "control", "run_id", "night",
    "started_at", "value", "low", "high", "n", "rounds", "control_value", "basis", "log", "status", "reason",
    "verdict", "taints", "segment", "segment_reason", "fingerprint", "runner_sha256", "engine_sha256",
    "variant_sha256",
)  # fmt: skip
HEADS = ("variant", "phone", "number", "nights", "last", "change", "trend", "what changed")
_SETUP = (
    "runner",
    "engine",
    "delegate",
    "threads",
    "cores",
    "load",
    "abi",
    "profile",
    "clock_state",
    "inputs",
    "allowed",
    "apart",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What a sparkline is drawn with: `levels` from low to high, a night without a value, a segment's begin."""

    levels: str
    gap: str
    cut: str


UNICODE = Signs(levels="▁▂▃▄▅▆▇█", gap="×", cut="│")
ASCII = Signs(levels="_.-=+*#", gap="x", cut="|")
_MOST_SIGNS = 30


def sparkline(line: Line, signs: Signs) -> str:
    """The line's last 30 nights; levels reach from its least to its most, but ±1.5 % at least."""
    first = max(0, len(line.points) - _MOST_SIGNS)
    heights = heights_of(line)[first:]
    known = [h for h in heights if h is not None]
    if not known:
        return signs.gap * len(heights)
    middle = (min(known) + max(known)) / 2
    reach = max((max(known) - min(known)) / 2, 0.015 if is_relative(line) else 0.5)
    cuts = {segment.first for segment in line.segments[1:]}
    drawn = []
    for i, height in enumerate(heights, start=first):
        sign = signs.gap
        if height is not None:
            share = (height - middle + reach) / (2 * reach)
            sign = signs.levels[min(len(signs.levels) - 1, int(share * len(signs.levels)))]
        drawn.append(signs.cut + sign if i in cuts and i > first else sign)
    return "".join(drawn)


def is_relative(line: Line) -> bool:
    """Whether the line is drawn by its logs; a number that is 0 on some night has none, and is drawn as it is."""
    return all(log is not None for log, p in zip(line.logs, line.points, strict=True) if p.value is not None)


def heights_of(line: Line) -> list[float | None]:
    """What is drawn for each night."""
    return list(line.logs) if is_relative(line) else [p.value for p in line.points]


def varying(keys: Sequence[LineKey]) -> tuple[str, ...]:
    """The dimensions of the setup in which these lines differ."""
    return tuple(name for name in _SETUP if len({getattr(key, name) for key in keys}) > 1)


def setup_of(key: LineKey, names: Iterable[str]) -> str:
    """Those dimensions in words: `gpu, 2 threads`."""
    words = []
    for name in names:
        value = getattr(key, name)
        text = " ".join(value) if isinstance(value, tuple) else str(value)
        if text:
            words.append(f"{text} {name}" if name in ("threads", "cores", "load", "clock_state") else text)
    return ", ".join(words).replace("clock_state", "clocks")


def number_of(key: LineKey) -> str:
    return f"{key.metric} {key.phase}".strip()


def change_words(line: Line) -> str:
    """`+1.2 %` against the median of the nights before; in words where there is nothing to be held against."""
    trend = trend_of(line)
    if trend.last is None:
        return "no value yet"
    if trend.change is None:
        return "first of its kind" if trend.before == 0 else ""
    return signed_pct(trend.change)


def notes_of(line: Line) -> list[str]:
    """Where segments begin and why, numbered as in the picture, and why the newest night has no value."""
    trend = trend_of(line)
    cuts = enumerate(line.segments[1:], start=1)
    notes = [f"{number}: {line.points[s.first].night} {s.reason}" for number, s in cuts]
    if trend.newest_gap is not None:
        notes.append(f"{trend.newest_gap.night} no value: {trend.newest_gap.reason}")
    return notes


def table_rows(lines: Sequence[Line], signs: Signs) -> list[tuple[str, ...]]:
    """Rows under HEADS."""
    names = varying([line.key for line in lines])
    return [_table_row(line, names, signs) for line in lines]


def _table_row(line: Line, names: Sequence[str], signs: Signs) -> tuple[str, ...]:
    trend, setup = trend_of(line), setup_of(line.key, names)
    return (
        line.key.variant,
        line.key.device + (f"\n{setup}" if setup else ""),
        number_of(line.key) + ("\nratio to control" if line.basis == "ratio" else ""),
        f"{trend.nights}" + (f"\n{trend.gaps} without" if trend.gaps else ""),
        show(trend.last.value, line.unit) if trend.last else "",
        change_words(line),
        sparkline(line, signs),
        "\n".join(notes_of(line)[-2:]),
    )


def count_words(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def csv_text(lines: Iterable[Line]) -> str:
    """A row a line and night, under CSV_COLUMNS; what is unknown is an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for line in lines:
        own = dataclasses.asdict(line.key) | {"unit": line.unit, "control": line.control, "basis": line.basis}
        own["allowed"] = " ".join(line.key.allowed)
        for number, segment in enumerate(line.segments, start=1):
            origin = dataclasses.asdict(segment.origin)
            for i in range(segment.first, segment.end):
                point = dataclasses.asdict(line.points[i]) | {"taints": " ".join(line.points[i].taints)}
                row = own | origin | point | {"log": line.logs[i], "segment": number}
                writer.writerow(row | {"segment_reason": segment.reason})
    return text.getvalue()


def lines_json(lines: Iterable[Line]) -> list[object]:
    """As JSON-ready objects: key, points, segments, and what the line says at its end."""
    return [
        {
            "key": {**_object(line.key), "text": line.key.text},
            **_object(line, without="key"),
            "trend": _trend(line),
        }
        for line in lines
    ]


def _trend(line: Line) -> dict[str, object]:
    trend = trend_of(line)
    return {
        "value": trend.last.value if trend.last else None,
        "change": trend.change,
        "before": trend.before,
        "nights": trend.nights,
        "gaps": trend.gaps,
        "sentence": change_words(line),
    }


def _object(value: object, *, without: str = "") -> dict[str, object]:
    data = to_json(value)
    assert isinstance(data, dict)
    return {name: item for name, item in data.items() if name != without}
