"""`devbench report`: a run's reports, made anew from what was measured, whenever and in whatever format wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devbench.cli.environment import RESULTS
from devbench.errors import UsageError

# Formats of devbench.reports, spelled out so that `--help` needs no import; tests hold the two together.
FORMAT_NAMES = (
    "benchmark_model, chrome-trace, csv, github-action-benchmark, google-benchmark, html, json, junit, md, "
    "model-explorer, png, svg, tf-summary"
)
DEFAULT_FORMATS = "html,csv,md,json"
EXAMPLES = """
[bold]Examples[/bold]

`devbench report latest` · `devbench report 20260131-142501-ab12 --format csv,svg --out figures` ·
`devbench report latest --baseline mobilenet-fp32`
"""


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a run's id, or `latest`.")],
    formats: Annotated[
        str, typer.Option("--format", metavar="F,…", help=f"Which of: {FORMAT_NAMES}; comma-separated.")
    ] = DEFAULT_FORMATS,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where to (default: RUN/report/).")
    ] = None,
    results: Annotated[
        Path, typer.Option("--results", metavar="DIR", help="Where the runs are whose id, or latest, is meant.")
    ] = RESULTS,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="VARIANT",
            help="Compare with this variant instead of the run's own baseline.",
        ),
    ] = None,
    with_serials: Annotated[
        bool, typer.Option("--with-serials", help="Show serial numbers, which reports otherwise leave out.")
    ] = False,
    json_: Annotated[
        bool, typer.Option("--json", help="The report as one JSON object on stdout instead of the table.")
    ] = False,
) -> None:
    """Make the reports of a run that has been measured.

    stdout has the table (or JSON), stderr the files written. Nothing measured is changed.
    """
    names = [name.strip() for name in formats.split(",") if name.strip()]
    if not names:
        raise UsageError("--format names no format", fix=f"choose from {FORMAT_NAMES}")
    from devbench import store
    from devbench.console import print_json, print_line, print_report
    from devbench.reports import build_report, write_reports
    from devbench.reports.json_file import as_json

    folder = store.find(results, run)
    built = build_report(folder.read(), baseline=baseline, with_serials=with_serials)
    paths = write_reports(built, names, out if out is not None else folder.path / "report")
    if json_:
        print_json({**as_json(built), "folder": str(folder.path), "files": [str(path) for path in paths]})
    else:
        print_report(built)
    for path in paths:
        print_line(str(path), to_stderr=True)
