"""`devbench run`: from a model file or a suite to a table, with everything kept on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import RESULTS, Environment, command_line, read_environment

if TYPE_CHECKING:
    from devbench.console import Progress
    from devbench.session import Outcome, Prepared
    from devbench.store import RunFolder

EXAMPLES = """
**Examples**

`devbench run model.tflite` — a quick look on every connected phone

`devbench run a.tflite b.tflite --rounds 8 --baseline a` — two variants against each other

`devbench run --suite quick --device virtual` — without a phone

`devbench run --resume latest` — what a pulled cable left undone
"""

Models = Annotated[list[Path] | None, typer.Argument(metavar="[MODEL]…", help="Model files (.tflite).")]


def run(
    models: Models = None,
    suite: Annotated[str | None, typer.Option(help="Name of a suite, or its TOML file.")] = None,
    device: Annotated[
        str,
        typer.Option(help="all, virtual, model=NAME, device name, serial, host:port/serial; several with commas."),
    ] = "all",
    engine: Annotated[
        str | None, typer.Option(help="Engine: NAME[@VERSION][=LIBRARY], several with commas. Default: by target.")
    ] = None,
    delegate: Annotated[str | None, typer.Option(help="xnnpack, none, or both. Default: xnnpack.")] = None,
    threads: Annotated[
        str | None, typer.Option(help="Threads, several with commas. Default: 4, or the cores there are.")
    ] = None,
    cores: Annotated[str | None, typer.Option(help="Core groups: big, little, all. Default: big.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="quick, standard or tail. Default: quick for files, else the suite's.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, max=100, help="Processes per variant. Default: the profile's.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the order and of generated inputs.")] = 0,
    baseline: Annotated[str | None, typer.Option(help="Variant that others are compared with.")] = None,
    input_file: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=FILE", help="Raw bytes for one input.")
    ] = None,
    input_shape: Annotated[
        list[str] | None, typer.Option(metavar="NAME=1,224,224,3", help="Shape of an input with open dimensions.")
    ] = None,
    signature: Annotated[str | None, typer.Option(help="Signature of the model to run.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of results; a run is a folder below it.")] = RESULTS,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Do what is left of a run: its folder, its id, or latest.")
    ] = None,
    max_silence: Annotated[
        float, typer.Option(min=1, help="Seconds without a line from the phone that count as a hang.")
    ] = 300.0,
    dry_run: Annotated[bool, typer.Option(help="Show what would be measured, and stop.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Measure models on phones: latency, memory and CPU, with raw samples and a verdict for each number."""
    from devbench.cli.request import Asked

    asked = Asked(
        models=tuple(models or ()), suite=suite, engine=engine, delegate=delegate, threads=threads, cores=cores,
        profile=profile, rounds=rounds, seed=seed, baseline=baseline, inputs=tuple(input_file or ()),
        input_shapes=tuple(input_shape or ()), signature=signature, device=device,
    )  # fmt: skip
    from devbench.console import Progress

    environment = read_environment()
    with Progress(quiet=quiet or json_) as progress:
        if resume is not None:
            code = _resume(resume, asked, out, environment, progress, max_silence, dry_run, json_)
        else:
            code = _new(asked, out, environment, progress, max_silence, dry_run, json_)
    raise typer.Exit(code)


def _new(
    asked: object, out: Path, environment: Environment, progress: Progress,
    max_silence: float, dry_run: bool, json_: bool,
) -> int:  # fmt: skip
    from datetime import datetime

    from devbench import store
    from devbench.cli.request import Asked, build_request
    from devbench.cli.servers import target_of
    from devbench.devices import select
    from devbench.session import prepare

    assert isinstance(asked, Asked)
    now = datetime.now()
    request = build_request(asked, environment, progress.say, argv=command_line())
    if not dry_run:
        store.check_writable(out)
    with target_of(asked.device, environment) as target:
        selection = select(target.server, target.spec)
        prepared = prepare(request, selection, now=now, fetching=progress.fetching)
        progress.rejects(prepared.header.rejects, selection.unmatched)
        if dry_run:
            return _show_plan(prepared, json_)
        folder = store.create(out, prepared.header.run_id)
        folder.write_header(prepared.header)
        return _measure(prepared, folder, target.server, environment, progress, max_silence, json_)


def _resume(
    name: str, asked: object, out: Path, environment: Environment, progress: Progress,
    max_silence: float, dry_run: bool, json_: bool,
) -> int:  # fmt: skip
    from devbench import store
    from devbench.cli.request import Asked, given_options
    from devbench.cli.servers import target_of
    from devbench.devices import select
    from devbench.session import check_agreement, resume

    assert isinstance(asked, Asked)
    folder = store.find(out, name)
    past = folder.read()
    check_agreement(past.header, given_options(asked))
    for warning in past.warnings:
        progress.say(warning)
    with target_of(past.header.options.get("device", "all"), environment) as target:
        prepared = resume(past, select(target.server, target.spec))
        progress.rejects(prepared.header.rejects, ())
        if dry_run:
            return _show_plan(prepared, json_)
        return _measure(prepared, folder, target.server, environment, progress, max_silence, json_)


def _measure(
    prepared: Prepared, folder: RunFolder, server: object, environment: Environment, progress: Progress,
    max_silence: float, json_: bool,
) -> int:  # fmt: skip
    from devbench.adb import Server
    from devbench.session import run as run_session

    assert isinstance(server, Server)
    progress.begin(prepared)
    outcome = run_session(
        prepared, folder, server, progress.event, leases=environment.leases, silence_s=max_silence
    )
    progress.end()
    return _show_result(folder, outcome, json_)


def _show_plan(prepared: Prepared, json_: bool) -> int:
    from devbench.console import print_json, print_plan
    from devbench.domain.codec import to_json

    if json_:
        print_json({"run": to_json(prepared.header), "todo": prepared.todo})
    else:
        print_plan(prepared)
    return 0


def _show_result(folder: RunFolder, outcome: Outcome, json_: bool) -> int:
    """The reports, the table, and as the last line the folder's name. Nothing here can lose a measurement."""
    from devbench.console import print_json, print_line, print_report
    from devbench.reports.base import build_report, write_reports
    from devbench.reports.json_file import as_json

    run_read = folder.read()
    report = build_report(run_read)
    target = folder.path / "report"
    target.mkdir(exist_ok=True)
    write_reports(report, DEFAULT_FORMATS, target)
    done = len(run_read.ok_by_job())
    code = 130 if outcome.interrupted else 0 if done == len(run_read.header.jobs) else 1
    if json_:
        print_json({**as_json(report), "folder": str(folder.path), "exit_code": code})
        return code
    print_report(report)
    if outcome.interrupted:
        print_line(f"interrupted: {done} of {len(run_read.header.jobs)} jobs measured; "
                   f"go on with: devbench run --resume {folder.run_id}", to_stderr=True)  # fmt: skip
    print_line(f"report: {target / 'report.html'}", to_stderr=True)
    print_line(str(folder.path))
    return code


DEFAULT_FORMATS = ("html", "csv", "md", "json")
