"""`devbench history`: numbers over nights, from any number of run folders, as table, page, CSV or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import read_environment
from devbench.cli.lab import lab_config, results_of

if TYPE_CHECKING:
    from devbench.domain.history import Line, Mark
    from devbench.history import Refreshed, Wanted
    from devbench.nightly import LabFolder

EXAMPLES = """
[bold]Examples[/bold]

`devbench history` — steady latencies of all runs in results/, a line each

`devbench history results ../other-lab/results --html trends.html`

`devbench history --variant 'mobilenet-*' --metric peak_rss,latency --last 30 --csv nights.csv`
"""


def history(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", help="Run folders, or folders that hold some. Default: results/."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="Phones, by name or pattern, with commas.")] = None,
    variant: Annotated[str | None, typer.Option(help="Variants, likewise.")] = None,
    metric: Annotated[
        str | None, typer.Option(help="Metrics, likewise; '*' for all. Default: steady latency.")
    ] = None,
    phase: Annotated[str | None, typer.Option(help="Phases, likewise.")] = None,
    last: Annotated[int | None, typer.Option(min=1, help="Only the last so many nights.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a row a line and night.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with every trend.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A lab whose alerts and pins are marked. Default: ./lab.toml, if there."),
    ] = None,
    index: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The index. Default: history.sqlite in $DEVBENCH_HOME."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Read every run again, whatever is known.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """How numbers went over nights: their trends, and where a new build, runner or engine begins.

    Run folders are the truth; the index is made from them and may be deleted. Labs merge by copying folders: a run
    that is there twice counts once.
    """
    from devbench.history import History
    from devbench.nightly import LabFolder

    lab = lab_config(config)
    kept = History(index if index is not None else read_environment().history)
    folders = folders or [results_of(lab)]
    refreshed = kept.refresh(folders, None if quiet else _progress, rebuild=rebuild)
    lines = kept.lines(_wanted(device, variant, metric, phase, last))
    _tell(refreshed)
    marks = _marks(lines, None if lab is None else LabFolder(lab.lab)) if html is not None or json_ else ()
    _write(lines, marks, csv, html)
    _show(lines, marks, refreshed, json_)


def _wanted(
    device: str | None, variant: str | None, metric: str | None, phase: str | None, last: int | None
) -> Wanted:
    from devbench.history import Wanted

    metrics, phases = _words(metric), _words(phase)
    if not metrics and not phases:
        metrics, phases = ["latency"], ["steady"]
    return Wanted(devices=_words(device), variants=_words(variant), metrics=metrics, phases=phases, last=last)


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def _progress(done: int, of: int) -> None:
    from devbench.console import print_line

    if of >= 20 and (done % 20 == 0 or done == of):
        print_line(f"reading runs: {done} of {of}", to_stderr=True)


def _tell(refreshed: Refreshed) -> None:
    from devbench.console import print_line

    for left in (*refreshed.skipped, *refreshed.copies):
        print_line(f"left out: {left.folder}: {left.reason}", to_stderr=True)


def trend_marks(lines: tuple[Line, ...], lab: LabFolder | None) -> tuple[tuple[Mark, ...], str | None]:
    """Alerts and pins of a lab, and steps; why no steps are marked, where they cannot be found."""
    from devbench.errors import MissingExtra
    from devbench.history import marked_steps
    from devbench.nightly.marks import marks_of

    marks = () if lab is None else marks_of(lab)
    try:
        return (*marks, *marked_steps(lines)), None
    except MissingExtra as error:
        return marks, str(error)


def _marks(lines: tuple[Line, ...], lab: LabFolder | None) -> tuple[Mark, ...]:
    from devbench.console import print_line

    marks, why_no_steps = trend_marks(lines, lab)
    if why_no_steps is not None:
        print_line(f"note: no steps are marked: {why_no_steps}", to_stderr=True)
    return marks


def _write(lines: tuple[Line, ...], marks: tuple[Mark, ...], csv: Path | None, html: Path | None) -> None:
    from devbench.console import print_line
    from devbench.errors import UsageError

    for path, text in ((csv, _csv), (html, _html)):
        if path is None:
            continue
        try:
            path.write_text(text(lines, marks), encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{path} cannot be written: {error.strerror}", fix="name another file"
            ) from error
        print_line(str(path), to_stderr=True)


def _csv(lines: tuple[Line, ...], marks: tuple[Mark, ...]) -> str:
    from devbench.reports.history_table import csv_text

    return csv_text(lines)


def _html(lines: tuple[Line, ...], marks: tuple[Mark, ...]) -> str:
    from devbench.reports.history_page import history_html

    return history_html(lines, marks)


def _show(lines: tuple[Line, ...], marks: tuple[Mark, ...], refreshed: Refreshed, json_: bool) -> None:
    import sys

    from devbench.console import print_json, print_line, print_table
    from devbench.domain.codec import to_json
    from devbench.reports.history_table import (
        ASCII,
        HEADS,
        UNICODE,
        count_words,
        lines_json,
        table_rows,
    )

    if json_:
        print_json({"refreshed": to_json(refreshed), "lines": lines_json(lines), "marks": to_json(marks)})
        return
    if not lines:
        print_line(f"no such number in {refreshed.runs} runs; --metric '*' shows all that there are")
        return
    signs = UNICODE if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8" else ASCII
    print_table(HEADS, table_rows(lines, signs))
    nights = {point.night for line in lines for point in line.points}
    counts = (count_words(n, noun) for n, noun in ((len(lines), "line"), (len(nights), "night")))
    runs = count_words(refreshed.runs, "run")
    print_line(f"{', '.join(counts)} from {min(nights)} to {max(nights)}, {runs}")
