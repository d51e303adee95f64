"""`[[table]]` of a suite file: tables for the report as data, with figures of others from a file of theirs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devbench.domain.suite_table import SuiteTable, SuiteTableRow
from devbench.errors import SuiteError
from devbench.suites.section import Section

KEYS = ("title", "columns", "faster_than", "figures", "figures_head", "rows")
_ROW = ("variants", "figures")
# how a key of a file of figures reads; others (`model`, `title`) are not shown
_READS = {
    "size_mb": "{:g} MB",
    "nodes_executed": "{:g} nodes",
    "average_us": "average {:.9g} µs",
    "accuracy": "accuracy {:g}",
    "cpu_pct": "CPU {:g} %",
    "memory_mb": "memory {:g} MB",
}


def read_tables(raw: object, *, folder: Path, origin: str, text: str) -> tuple[SuiteTable, ...]:
    """SuiteError for an unknown key or figure; which metrics there are is not known here."""
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        raise SuiteError(f"{origin}: tables are written as [[table]]")
    return tuple(
        _table(Section(item, origin=origin, text=text, name="table", place=place, allowed=KEYS), folder)
        for place, item in enumerate(raw)
    )


def _table(section: Section, folder: Path) -> SuiteTable:
    columns = section.texts("columns")
    rows = section.raw("rows")
    if not columns or not isinstance(rows, list) or not rows:
        section.refuse("rows", "a table needs columns and rows")
    file = section.text("figures")
    figures = {} if file is None else _figures(section, folder / file)
    source = figures.get("source")
    return SuiteTable(
        title=section.required_text("title"),
        columns=columns,
        rows=tuple(_row(section, row, figures) for row in rows),
        faster_than=section.text("faster_than"),
        source=source if isinstance(source, str) else None,
        told_head=section.text("figures_head") or (None if file is None else "said elsewhere"),
    )


def _row(section: Section, row: object, figures: Mapping[str, Any]) -> SuiteTableRow:
    if not isinstance(row, dict) or any(key not in _ROW for key in row) or not row.get("variants"):
        section.refuse("rows", f"{row!r} is no row", 'write { variants = ["ID"], figures = "NAME.NAME" }')
    place = row.get("figures")
    return SuiteTableRow(
        variants=tuple(map(str, row["variants"])),
        told=None if place is None else _told(section, str(place), figures),
    )


def _told(section: Section, place: str, figures: Mapping[str, Any]) -> str:
    """The figures at `group.name`, in words."""
    found: Any = figures
    for part in place.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        section.refuse("rows", f"the file of figures has no {place!r}")
    words = [reads.format(found[key]) for key, reads in _READS.items() if key in found]
    if "cpu_pct_low" in found:
        words.append(f"CPU {found['cpu_pct_low']:g}–{found['cpu_pct_high']:g} %")
    return " · ".join(words)


def _figures(section: Section, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as e:
        section.refuse("figures", f"{file} cannot be read: {e}")
