"""report.md: the answer and the table, for pull requests and chats."""

from __future__ import annotations

import re
from pathlib import Path

from devbench.reports.affinity import AffinityTable, affinity_tables
from devbench.reports.answer import answer_sentences, trust_line, warnings_of
from devbench.reports.base import Format, Report
from devbench.reports.suite_tables import suite_tables
from devbench.reports.table import Column, Entry, build_table
from devbench.reports.table_view import TableView

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")


def write_markdown(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "report.md"
    path.write_text(markdown(report), encoding="utf-8")
    return (path,)


def markdown(report: Report) -> str:
    """The whole text; every string from outside is escaped, so no name can break the table or become a link."""
    table = build_table(report)
    lines = [f"# Run {escaped(report.run.header.run_id)}", ""]
    lines += [f"> **{escaped(report.scrub(text))}**\n" for text in warnings_of(report)]
    lines += [escaped(report.scrub(" ".join(answer_sentences(report)))), "", escaped(trust_line(report)), ""]
    lines.append("| " + " | ".join(escaped(column.head) for column in table.columns) + " |")
    lines.append(
        "|" + "|".join("---:" if column.kind == "number" else "---" for column in table.columns) + "|"
    )
    for row in table.rows:
        fields = [_field(column, entry) for column, entry in zip(table.columns, row.entries, strict=True)]
        lines.append("| " + " | ".join(fields) + " |")
    notes = [f"All rows: {table.setup}."] if table.setup else []
    lines += ["", *(f"- {escaped(report.scrub(note))}" for note in (*notes, *table.notes, *_taints(report)))]
    for view in suite_tables(report):
        lines += ["", f"## {escaped(view.title)}", "", *_suite_table(view)]
    for affinity in affinity_tables(report):
        lines += ["", escaped(affinity.title), "", *_affinity(affinity)]
    return "\n".join(lines) + "\n"


def _suite_table(view: TableView) -> list[str]:
    lines = ["| " + " | ".join(map(escaped, view.heads)) + " |", "|---" * len(view.heads) + "|"]
    lines += ["| " + " | ".join(map(escaped, row)) + " |" for row in view.rows]
    return [*lines, "", *(f"- {escaped(note)}" for note in view.notes)]


def _affinity(table: AffinityTable) -> list[str]:
    lines = ["| " + " | ".join(table.heads) + " |", "|---|" + "---:|" * (len(table.heads) - 1)]
    for i, row in enumerate(table.rows):
        fields = [
            f"**{escaped(text)}**" if (i, j) in table.best else escaped(text) for j, text in enumerate(row)
        ]
        lines.append("| " + " | ".join(fields) + " |")
    return lines


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _field(column: Column, entry: Entry) -> str:
    text = escaped(entry.text)
    if entry.interval and column.key in ("latency-steady", "ratio"):
        text += f" ({entry.interval})"
    return f"**{text}**" if entry.best else text


def _taints(report: Report) -> list[str]:
    found = {t.id: t for s in report.summaries for t in s.taints}
    return [f"{t.id}: {t.sentence} {t.detail}. {t.fix}." for t in found.values()]


FORMATS = (Format(name="md", sentence="report.md, the answer and the table", write=write_markdown),)
