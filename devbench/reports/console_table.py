"""The table on a terminal, by rich; a narrow one loses columns from the right, and is told which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devbench.reports.affinity import affinity_tables
from devbench.reports.base import Report
from devbench.reports.suite_tables import suite_tables
from devbench.reports.table import STEADY, Column, Entry, Table, build_table

if TYPE_CHECKING:
    import rich.table

_LEAST_COLUMNS = 3
_TEXT = 14
_MOST_MATRICES = 6
_VERDICT_STYLES = {"trusted": "green", "tainted": "yellow", "inconclusive": "yellow", "quick look": "cyan"}


def console_table(report: Report, width: int) -> rich.table.Table:
    """The report's table for a terminal `width` characters wide."""
    from rich.console import Console
    from rich.measure import Measurement
    from rich.text import Text

    table = build_table(report)
    console = Console(width=10_000)
    for shown in range(len(table.columns), _LEAST_COLUMNS - 1, -1):
        drawn = _draw(table, shown)
        if shown == _LEAST_COLUMNS or Measurement.get(console, console.options, drawn).minimum <= width:
            break
    hidden = [column.label for column in table.columns[shown:]]
    lines = [f"too narrow for: {', '.join(hidden)} (report.html has them)"] if hidden else []
    lines += _failures(table)
    lines += [f"all rows: {table.setup}"] if table.setup else []
    drawn.caption = Text("\n".join(map(_printable, (*lines, *table.notes))), style="dim")
    drawn.caption_justify = "left"
    return drawn


def _draw(table: Table, shown: int) -> rich.table.Table:
    import rich.table
    from rich import box
    from rich.text import Text

    drawn = rich.table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    fields = [
        _fields(column, [row.entries[i] for row in table.rows]) for i, column in enumerate(table.columns)
    ]
    for column, texts in zip(table.columns[:shown], fields, strict=False):
        text = column.kind == "text"
        wide = max(map(len, (*texts, column.label)), default=0)
        head = f"{column.label}\n({column.symbol})" if column.symbol else column.label
        drawn.add_column(
            Text(head), no_wrap=not text, overflow="fold", min_width=min(wide, _TEXT) if text else wide
        )
    for row in range(len(table.rows)):
        drawn.add_row(
            *(
                Text(_printable(texts[row]), style=style)
                for texts, style in _styled(table, fields, row, shown)
            )
        )
    return drawn


def console_suite_tables(report: Report) -> list[rich.table.Table]:
    """The tables that the suite asks for, one a phone."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = []
    for view in suite_tables(report):
        table = RichTable(
            box=box.SIMPLE_HEAD, pad_edge=False, title=Text(_printable(view.title)), title_justify="left"
        )
        for head in view.heads:
            table.add_column(Text(_printable(head)), overflow="fold")
        for row in view.rows:
            table.add_row(*(Text(_printable(text)) for text in row))
        table.caption, table.caption_justify = Text("\n".join(map(_printable, view.notes)), style="dim"), "left"
        drawn.append(table)
    return drawn


def console_affinity(report: Report) -> list[rich.table.Table]:
    """A small table for each variant and phone whose threads or cores were varied; the first few of many."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = []
    tables = affinity_tables(report)
    for table in tables[:_MOST_MATRICES]:
        small = RichTable(
            box=box.SIMPLE_HEAD, pad_edge=False, title=Text(_printable(table.title)), title_justify="left"
        )
        for i, head in enumerate(table.heads):
            small.add_column(head, justify="right" if i else "left")
        for i, row in enumerate(table.rows):
            fields = [
                Text(_printable(text), "bold" if (i, j) in table.best else "") for j, text in enumerate(row)
            ]
            small.add_row(*fields)
        drawn.append(small)
    if len(tables) > _MOST_MATRICES:
        drawn[-1].caption = f"{len(tables) - _MOST_MATRICES} more in report.md"
    return drawn


def _styled(table: Table, fields: Sequence[list[str]], row: int, shown: int) -> list[tuple[list[str], str]]:
    styled = []
    for column, entry, texts in zip(table.columns[:shown], table.rows[row].entries, fields, strict=False):
        style = "bold" if entry.best else ""
        if column.kind == "verdict":
            style = _VERDICT_STYLES.get(entry.text, "red")
        elif column.key == STEADY and entry.in_words:
            style = "red"
        styled.append((texts, style))
    return styled


def _failures(table: Table) -> list[str]:
    """What failed, why, and the next step: a line for all rows of a phone that failed alike."""
    same: dict[tuple[str, str], list[str]] = {}
    for row in table.rows:
        failure = row.summary.failure
        if row.summary.status != "ok" and failure is not None:
            words = f"{failure.kind}: {failure.cause}" + (f" → {failure.fix}" if failure.fix else "")
            same.setdefault((row.entries[1].text, words), []).append(row.entries[0].text)
    return [
        f"{', '.join(dict.fromkeys(names))} on {phone}: {words}" for (phone, words), names in same.items()
    ]


def _fields(column: Column, entries: Sequence[Entry]) -> list[str]:
    if column.kind != "number":
        return [entry.text for entry in entries]
    aligned = decimal_aligned(["" if entry.in_words else entry.text for entry in entries])
    spelt = column.key in (STEADY, "ratio")
    return [
        entry.text if entry.in_words else f"{text} ({entry.interval})" if spelt and entry.interval else text
        for entry, text in zip(entries, aligned, strict=True)
    ]


def _printable(text: str) -> str:
    """Names come from outside: an escape sequence in one must not reach the terminal."""
    return "".join(c if c.isprintable() else "�" for c in text)


def decimal_aligned(texts: Sequence[str]) -> list[str]:
    """Texts padded so that their decimal points (or ends) stand below each other."""
    whole = [text.partition(".")[0] for text in texts]
    fraction = [text[len(head) :] for text, head in zip(texts, whole, strict=True)]
    left, right = max(map(len, whole), default=0), max(map(len, fraction), default=0)
    return [f"{head:>{left}}{tail:<{right}}" for head, tail in zip(whole, fraction, strict=True)]
