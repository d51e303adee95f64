"""Trends as one file that needs no network: every line of every variant, what moved last, marks upon nights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.domain.history import Line, Mark
from devbench.history import Trend, trend_of
from devbench.reports.history_table import (
    change_words,
    count_words,
    csv_text,
    notes_of,
    number_of,
    setup_of,
    varying,
)
from devbench.reports.page import content_policy, csv_link, page_environment, template_text
from devbench.reports.trend_svg import Span, span_of, trend_svg
from devbench.stats import DELTA
from devbench.stats.screen import LEAST_NIGHTS
from devbench.units import show

if TYPE_CHECKING:
    from markupsafe import Markup

_MOST_MOVED = 20
_DELTA_WORDS = f"{100 * DELTA:.0f} %"
_OPEN_LINES = 60
_DRAWN_INTERVALS = 20_000
_LONGEST_LINK = 300_000
_MOST_NOTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLine:
    """One figure: where it is, what it shows, its newest value, and words for its numbers and signs."""

    anchor: str
    variant: str
    phone: str
    setup: str
    number: str
    last: str
    change: str
    moved: bool
    basis: str
    nights: int
    notes: tuple[str, ...]
    unsaid: int
    marks: tuple[Mark, ...]
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMark:
    """A mark in the list at the top, once for all lines it is said of; `places` are (anchor, words) of figures."""

    kind: str
    night: str
    sentence: str
    places: tuple[tuple[str, str], ...]


def history_html(lines: Sequence[Line], marks: Sequence[Mark] = (), *, title: str = "history") -> str:
    """The whole page; marks of other lines than these are left out."""
    from markupsafe import Markup

    style = f"{template_text('report.css')}\n{template_text('history.css')}"
    script = template_text("history.js")
    drawn = _page_lines(lines, marks)
    trends = [trend_of(line) for line in lines]
    listed = _page_marks(lines, drawn, marks)
    by_variant: dict[str, list[PageLine]] = defaultdict(list)
    for line in drawn:
        by_variant[line.variant].append(line)
    csv = csv_link(csv_text(lines)) if sum(len(line.points) for line in lines) < _LONGEST_LINK // 400 else ""
    return (
        page_environment()
        .get_template("history.html.j2")
        .render(
            title=title,
            policy=content_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            answer=_answer(lines, trends, alerts=sum(mark.kind == "alert" for mark in listed)),
            marks=listed,
            moved=_moved(trends, drawn),
            variants=by_variant,
            open_all=len(lines) <= _OPEN_LINES,
            csv=csv,
            delta=_DELTA_WORDS,
        )
    )


def _page_lines(lines: Sequence[Line], marks: Sequence[Mark]) -> list[PageLine]:
    from markupsafe import Markup

    span = span_of(lines)
    if span is None:
        return []
    names = varying([line.key for line in lines])
    of_line: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        of_line[mark.line].append(mark)
    intervals = sum(len(line.points) for line in lines) <= _DRAWN_INTERVALS
    return [
        _page_line(i, line, of_line[line.key.text], setup_of(line.key, names), span, intervals, Markup)
        for i, line in enumerate(lines)
    ]


def _page_line(
    index: int,
    line: Line,
    marks: Sequence[Mark],
    setup: str,
    span: Span,
    intervals: bool,
    markup: type[Markup],
) -> PageLine:
    trend, notes = trend_of(line), notes_of(line)
    last = show(trend.last.value, line.unit) if trend.last else "–"
    title = (
        f"{line.key.variant} on {line.key.device}: {number_of(line.key)}, {trend.nights} nights, last {last}"
    )
    return PageLine(
        anchor=f"l{index}",
        variant=line.key.variant,
        phone=line.key.device,
        setup=setup,
        number=number_of(line.key),
        last=last,
        change=change_words(line),
        moved=_has_moved(trend),
        basis="ratio to the control" if line.basis == "ratio" else "",
        nights=trend.nights,
        notes=tuple(notes[-_MOST_NOTES:]),
        unsaid=max(0, len(notes) - _MOST_NOTES),
        marks=tuple(marks),
        svg=markup(trend_svg(line, marks, span, title, intervals=intervals)),
    )


def _has_moved(trend: Trend) -> bool:
    """Whether the newest value is 3 % or more from a level that enough nights tell."""
    return trend.change is not None and trend.before >= LEAST_NIGHTS and abs(trend.change) >= DELTA


def _moved(trends: Sequence[Trend], drawn: Sequence[PageLine]) -> list[PageLine]:
    """Lines that moved at their newest night, the furthest first."""
    found = [(abs(t.change or 0.0), i) for i, t in enumerate(trends) if _has_moved(t)]
    return [drawn[i] for _, i in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:_MOST_MOVED]]


def _answer(lines: Sequence[Line], trends: Sequence[Trend], *, alerts: int) -> list[str]:
    if not lines:
        return ["There is no such number in these runs."]
    nights = sorted({point.night for line in lines for point in line.points})
    moved = sum(map(_has_moved, trends))
    young = sum(0 < t.nights <= LEAST_NIGHTS for t in trends)
    old = count_words(len(lines) - young, "line")
    still = "" if moved or young == len(lines) else f"None of {old} moved by {_DELTA_WORDS} at the newest night."
    failing = sum(t.newest_gap is not None for t in trends)
    sentences = [
        f"{count_words(alerts, 'alert')}." if alerts else "",
        f"{moved} of {old} moved by {_DELTA_WORDS} or more at the newest night." if moved else still,
        f"{count_words(young, 'line')} with too few nights to tell what moved." if young else "",
        f"{count_words(failing, 'line')} without a value on the newest night." if failing else "",
    ]
    told = (
        f"{count_words(len({line.key.variant for line in lines}), 'variant')} on "
        f"{count_words(len({line.key.device for line in lines}), 'phone')}, {count_words(len(nights), 'night')} "
        f"from {nights[0]} to {nights[-1]}."
    )
    return [*filter(None, sentences), told]


def _page_marks(lines: Sequence[Line], drawn: Sequence[PageLine], marks: Iterable[Mark]) -> list[PageMark]:
    """Alerts first, then the newest; steps stand by figures only. What is said of several lines is one mark."""
    pages = {line.key.text: page for line, page in zip(lines, drawn, strict=True)}
    alike: dict[tuple[str, str, str], list[PageLine]] = defaultdict(list)
    for mark in marks:
        if mark.line in pages and mark.kind != "step":
            alike[mark.kind, mark.night, mark.sentence].append(pages[mark.line])
    found = [
        PageMark(
            kind=kind,
            night=night,
            sentence=sentence,
            places=tuple((page.anchor, f"{page.variant}, {page.phone}, {page.number}") for page in said_of),
        )
        for (kind, night, sentence), said_of in alike.items()
    ]
    newest = sorted(found, key=lambda mark: mark.night, reverse=True)
    return sorted(newest, key=lambda mark: mark.kind != "alert")
