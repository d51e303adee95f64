"""`devbench import`: what other tools measured as run folders, which reports and histories take like any other."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli import options
from devbench.cli.environment import RESULTS, command_line
from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.errors import DevbenchError
    from devbench.imports import Imported, Owner

# KINDS of devbench.imports, spelled out so that `--help` needs no import; tests hold the two together.
KIND_NAMES = "benchmark_model, google-benchmark, androidx-benchmark"
EXAMPLES = """
[bold]Examples[/bold]

`devbench import old/*.log --device-model "Pixel 2" --date 2026-01-31` ·
`devbench import bench-benchmarkData.json` · `devbench import gbench.json --device pixel-2-xl-f12f13`
"""


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Logs or JSON of other tools; a run each.")
    ],
    device: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose it is: a name that `devbench devices` shows.")
    ] = None,
    device_model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The phone's model, where the file does not tell it.")
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(
            metavar="WHEN",
            help="2026-01-31 or 2026-01-31T14:25:01Z. Default: the file's own, or of its change.",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(metavar="K", help=f"What they are: {KIND_NAMES}. Default: by their content.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of androidx.benchmark: which metric. Default: timeNs.")
    ] = None,
    out: options.Out = RESULTS,
    json_: options.Json = False,
) -> None:
    """Turn logs of benchmark_model, JSON of Google Benchmark and of androidx.benchmark into runs.

    What a file does not hold stays unknown, a tool that tells only an average gives one value a process, and every
    row is marked IMPORTED. The same file twice is one run. Exit code 1 if a file was not understood; the others are
    done all the same.
    """
    from devbench.errors import DevbenchError
    from devbench.imports import KINDS, Owner

    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: there is no such kind", fix=f"one of: {', '.join(KINDS)}")
    moment, owner = _moment(date), Owner(device=_name(device), model=device_model)
    done: list[Imported] = []
    errors: list[DevbenchError] = []
    for file in files:
        try:
            done.append(_one(file, kind, metric, owner, moment, out))
        except UsageError:
            raise
        except DevbenchError as error:
            errors.append(error)
    _show(done, errors, json_)
    if errors:
        raise typer.Exit(1)


def _show(done: list[Imported], errors: list[DevbenchError], as_json: bool) -> None:
    from devbench.console import complain, print_json, print_line

    for error in errors:
        complain(error)
    if as_json:
        runs = [_json(one) for one in done]
        print_json({"runs": runs, "errors": [{"message": error.message} for error in errors]})
        return
    for one in done:
        print_line(_told(one), to_stderr=True)
        print_line(str(one.folder))


def _one(
    file: Path, kind: str | None, metric: str | None, owner: Owner, moment: datetime | None, out: Path
) -> Imported:
    from devbench.errors import ParseError
    from devbench.imports import import_file, read_source

    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    try:
        found = read_source(data, kind=kind, metric=metric)
    except ParseError as error:
        fix = error.fix or f"--kind says what it is; devbench takes {KIND_NAMES}"
        raise ParseError(f"{file}: {error.message}", reason=error.reason, fix=fix) from error
    return import_file(
        file, found, data=data, results=out, argv=command_line(), owner=owner, date=moment, metric=metric
    )


def _name(device: str | None) -> str | None:
    """A device's name stands in names of files and series: what devbench itself would give."""
    import re

    if device is not None and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", device):
        raise UsageError(
            f"--device {device!r} is no name of a phone",
            fix="a name of `devbench devices`, or --device-model",
        )
    return device


def _moment(date: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(date).astimezone() if date is not None else None
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--date {date!r} is no date", fix="as 2026-01-31, or 2026-01-31T14:25:01+01:00"
        ) from error


def _told(one: Imported) -> str:
    if one.already:
        return f"{one.source}: imported before, nothing was added (remove the folder to import it anew)"
    failed = f", {one.failed} of them failed" if one.failed else ""
    return f"{one.source}: {one.kind}, {one.processes} processes{failed}; the date is from {one.date_from}"


def _json(one: Imported) -> dict[str, object]:
    return {
        "source": one.source, "run_id": one.run_id, "folder": str(one.folder), "already": one.already,
        "kind": one.kind, "processes": one.processes, "failed": one.failed, "date_from": one.date_from,
    }  # fmt: skip
