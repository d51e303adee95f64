"""report.html: one file that needs no network, answers before it explains, and can be sent to anyone.

Nothing from outside is trusted: every string is escaped by the template, scripts and styles run by their hash.
"""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.measurement import Measurement
from devbench.reports.answer import answer_details, answer_sentences, trust_line, warnings_of
from devbench.reports.base import Format, Report
from devbench.reports.csv_files import SUMMARY_COLUMNS, summary_rows
from devbench.reports.evidence import MOST_PICTURES, anchors, evidence_by_phone
from devbench.reports.inline_svg import StyleSheet, inline_svg
from devbench.reports.ops_tables import ops_tables
from devbench.reports.page import content_policy, csv_link, page_environment, template_text
from devbench.reports.phone_cards import phone_cards
from devbench.reports.pictures import Drawing, Picture, all_pictures
from devbench.reports.pictures.style import svg_of
from devbench.reports.samples import HEIGHT, WIDTH
from devbench.reports.suite_tables import suite_tables
from devbench.reports.table import Table, build_table, label_of, phone_name
from devbench.summary import varying_setup

if TYPE_CHECKING:
    from markupsafe import Markup

_SHOWN_AT_ONCE = 4
# what keeps a page of 32 phones × 40 variants below 5 MB
_MOST_DRAWN_CELLS = 160
_LONGEST_LINK = 300_000
_LONGEST_LOG = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """A picture drawn: (caption, SVG) pairs, those shown at once and those behind a click; its data as a link.

    `undrawn` counts phones that a page of this size has no room for.
    """

    name: str
    question: str
    sentence: str
    shown: tuple[tuple[str, Markup], ...]
    more: tuple[tuple[str, Markup], ...]
    undrawn: int
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFailure:
    """Rows of a phone that failed alike: `cells` are their anchors and labels."""

    cells: tuple[tuple[str, str], ...]
    where: str
    status: str
    kind: str
    cause: str
    evidence: str
    fix: str
    log: str


def write_html(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "report.html"
    path.write_text(html(report), encoding="utf-8")
    return (path,)


def html(report: Report) -> str:
    """The whole page."""
    from markupsafe import Markup

    sheet = StyleSheet()
    pictures = [found for p in all_pictures() if (found := _picture(p, report, sheet))]
    style, script = f"{template_text('report.css')}\n{sheet.css()}\n", template_text("report.js")
    table = build_table(report)
    return page_environment().get_template("report.html.j2").render(
        report=report,
        header=report.run.header,
        scrub=report.scrub,
        policy=content_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        answer=answer_sentences(report),
        answer_details=answer_details(report),
        trust=trust_line(report),
        warnings=warnings_of(report),
        table=table,
        suite_tables=suite_tables(report),
        bars=_bar_scales(table),
        digits=_fraction_digits(table),
        summary_csv=_summary_link(report),
        pictures=pictures,
        links=_links(report, table),
        evidence=evidence_by_phone(report),
        most_pictures=MOST_PICTURES,
        operators=ops_tables(report),
        strip=(WIDTH, HEIGHT),
        cards=phone_cards(report),
        failures=_failures(report),
        command=report.scrub(shlex.join(report.run.header.argv)),
    )


def _picture(picture: Picture, report: Report, sheet: StyleSheet) -> PagePicture | None:
    drawings = picture.drawings(report)
    if not drawings:
        return None
    cells_a_phone = len(report.summaries) / max(1, len(report.run.header.devices))
    room = max(_SHOWN_AT_ONCE, int(_MOST_DRAWN_CELLS / max(1.0, cells_a_phone)))
    drawn = [_drawn(picture, drawing, i, sheet) for i, drawing in enumerate(drawings[:room])]
    return PagePicture(
        name=picture.name,
        question=picture.question,
        sentence=picture.sentence,
        shown=tuple(drawn[:_SHOWN_AT_ONCE]),
        more=tuple(drawn[_SHOWN_AT_ONCE:]),
        undrawn=len(drawings) - len(drawn),
        data=_short_link(picture.rows(report)),
    )


def _drawn(picture: Picture, drawing: Drawing, index: int, sheet: StyleSheet) -> tuple[str, Markup]:
    from markupsafe import Markup

    title = f"{picture.question} {drawing.caption}. The data is in the link below."
    svg = inline_svg(svg_of(drawing, paper=False), sheet, f"{picture.name}{index}-", title)
    return drawing.caption, Markup(svg)


def _data_link(rows: Iterable[Sequence[object]]) -> str:
    """Rows as a CSV file inside a link."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return csv_link(text.getvalue())


def _short_link(rows: Iterable[Sequence[object]]) -> str:
    """The link, or an empty text where it would make the page heavy."""
    link = _data_link(rows)
    return link if len(link) <= _LONGEST_LINK // 4 else ""


def _summary_link(report: Report) -> str:
    """summary.csv inside the page, or, where that would make it heavy, the file beside it."""
    link = _data_link([SUMMARY_COLUMNS, *summary_rows(report)])
    return link if len(link) <= _LONGEST_LINK else "summary.csv"


def _links(report: Report, table: Table) -> list[str]:
    """For each row of the table the anchor of what its numbers rest on, or of why there are none."""
    places, failed, links = anchors(report), 0, []
    for row in table.rows:
        if row.summary.status != "ok":
            links.append(f"f{failed}")
            failed += 1
        else:
            links.append(places.get(id(row.summary), ""))
    return links


def _bar_scales(table: Table) -> dict[str, float]:
    """For columns with a bar in each field, what its whole length stands for."""
    scales = {}
    for i, column in enumerate(table.columns):
        if column.key in ("latency-steady", "ratio"):
            entries = [row.entries[i] for row in table.rows]
            ends = [max(e.number or 0.0, e.high or 0.0) for e in entries if e.number is not None]
            # one hopeless interval must not flatten all other bars
            middles = [e.number for e in entries if e.number is not None]
            scales[column.key] = min(max(ends, default=1.0), 1.5 * max(middles, default=1.0)) or 1.0
    return scales


def _fraction_digits(table: Table) -> list[int]:
    """For each column the most digits behind a decimal point: what its fractions are padded to."""
    return [
        max(
            (len(row.entries[i].text.partition(".")[2]) for row in table.rows if not row.entries[i].in_words),
            default=0,
        )
        for i in range(len(table.columns))
    ]


def _failures(report: Report) -> list[PageFailure]:
    varying = varying_setup(s.cell for s in report.summaries)
    alike: dict[PageFailure, list[tuple[str, str]]] = {}
    bad = (s for s in report.summaries if s.status != "ok")
    for i, summary in enumerate(bad):
        failure = summary.failure
        words = PageFailure(
            cells=(),
            where=phone_name(summary, report),
            status=summary.status,
            kind=summary.verdict,
            cause=report.scrub(failure.cause if failure else "no attempt was made"),
            evidence=report.scrub(failure.evidence if failure else ""),
            fix=report.scrub(failure.fix if failure else "resume the run"),
            log=report.scrub(_log_tail(summary.cell.measurements)),
        )
        alike.setdefault(words, []).append((f"f{i}", label_of(summary, varying)))
    return [replace(words, cells=tuple(cells)) for words, cells in alike.items()]


def _log_tail(measurements: tuple[Measurement, ...]) -> str:
    tails = [m.log_tail for m in measurements if m.status != "ok" and m.log_tail]
    return tails[-1][-_LONGEST_LOG:] if tails else ""


FORMATS = (Format(name="html", sentence="report.html, one page for people", write=write_html),)
