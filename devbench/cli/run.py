"""`devbench run`: from a model file or a suite to a table, with everything kept on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from devbench.cli.environment import RESULTS, Environment, command_line, command_text, read_environment

if TYPE_CHECKING:
    from devbench.adb import Server
    from devbench.cli.request import Asked
    from devbench.console import Progress
    from devbench.domain.run import Run
    from devbench.session import Prepared, RunRequest
    from devbench.store import RunFolder

Show: TypeAlias = "Callable[[Run, bool], None]"
EXAMPLES = """
[bold]Examples[/bold]

`devbench run model.tflite` — a quick look on every connected phone

`devbench run a.tflite b.tflite --rounds 8 --baseline a` — two variants against each other

`devbench run m.tflite --runner native,benchmark_model=./benchmark_model` — beside the stock tool

`devbench run --suite quick --device virtual` — without a phone

`devbench run --resume latest` — what a pulled cable left undone
"""

Models = Annotated[list[Path] | None, typer.Argument(metavar="MODEL", help="Model files (.tflite).")]

RunnerWords = Annotated[
    str | None, typer.Option(help="Ways to run, with commas: native, benchmark_model\\[=PATH]. Default: native.")
]


def run(
    models: Models = None,
    suite: Annotated[str | None, typer.Option(help="Name of a suite, or its TOML file.")] = None,
    device: Annotated[
        str | None,
        typer.Option(help="all (default), virtual, model=NAME, name, serial, host:port/serial; with commas."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="NAME\\[@VERSION]\\[=LIBRARY], several with commas. Default: by target.")
    ] = None,
    runner: RunnerWords = None,
    delegate: Annotated[str | None, typer.Option(help="xnnpack, none, or both. Default: xnnpack.")] = None,
    threads: Annotated[
        str | None, typer.Option(help="Threads, several with commas. Default: 4, or the cores there are.")
    ] = None,
    cores: Annotated[str | None, typer.Option(help="Core groups: big, little, all. Default: big.")] = None,
    abi: Annotated[
        str | None, typer.Option(help="ABIs that the phone runs, several with commas. Default: its first.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="quick, standard or tail. Default: quick for files, else the suite's.")
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, max=100, help="Processes per variant. Default: the profile's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the order and generated inputs. Default: 0.")] = None,
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
    from devbench.console import Progress

    asked = Asked(
        models=tuple(models or ()), suite=suite, engine=engine, runner=runner, delegate=delegate, abi=abi,
        threads=threads, cores=cores, profile=profile, rounds=rounds, seed=seed, baseline=baseline, device=device,
        inputs=tuple(input_file or ()), input_shapes=tuple(input_shape or ()), signature=signature,
    )  # fmt: skip
    environment = read_environment()
    with Progress(quiet=quiet) as progress:
        rest = (asked, out, environment, progress, max_silence, dry_run, json_)
        code = measure_new(*rest) if resume is None else _resume(resume, *rest)
    raise typer.Exit(code)


def measure_new(
    asked: Asked, out: Path, environment: Environment, progress: Progress,
    max_silence: float, dry_run: bool, json_: bool, *,
    twist: Callable[[RunRequest], RunRequest] = lambda request: request, show: Show | None = None,
) -> int:  # fmt: skip
    """A new run of what was asked for, changed by `twist`; `show` presents it instead of the usual table."""
    from datetime import datetime

    from devbench import store
    from devbench.cli.request import build_request
    from devbench.cli.servers import target_of
    from devbench.devices import leased, select
    from devbench.session import prepare

    now = datetime.now()
    if not dry_run:
        store.check_writable(out)
    request = twist(build_request(asked, environment, progress.say, argv=command_line()))
    with target_of(asked.device or "all", environment) as target:
        selection = select(target.server, target.spec)
        if dry_run:
            return _show_plan(prepare(request, selection, now=now), selection.unmatched, progress, json_)
        with leased(environment.leases, selection) as held:
            prepared = prepare(request, held, now=now, fetching=progress.fetching)
            progress.rejects(prepared.rejects, held.unmatched)
            folder = store.create(out, prepared.header.run_id)
            folder.write_header(prepared.header)
            return _measure(prepared, folder, target.server, progress, max_silence, json_, show)


def _resume(
    name: str, asked: Asked, out: Path, environment: Environment, progress: Progress,
    max_silence: float, dry_run: bool, json_: bool,
) -> int:  # fmt: skip
    from devbench import store
    from devbench.cli.request import given_options
    from devbench.cli.servers import target_of
    from devbench.devices import leased, select
    from devbench.session import check_agreement, resume

    folder = store.find(out, name)
    past = folder.read()
    check_agreement(past.header, given_options(asked))
    store.check_writable(folder.path)
    for warning in past.warnings:
        progress.say(warning)
    if len(past.ok_by_job()) == len(past.header.jobs):
        progress.say("nothing is left to do: every job of this run is measured")
        return _show_result(folder, json_)
    with target_of(past.header.options.get("device", "all"), environment) as target:
        selection = select(target.server, target.spec)
        if dry_run:
            return _show_plan(resume(past, selection), selection.unmatched, progress, json_)
        with leased(environment.leases, selection) as held:
            # read again: another devbench may have measured while we waited for nothing
            prepared = resume(folder.read(), held)
            progress.rejects(prepared.rejects, held.unmatched)
            return _measure(prepared, folder, target.server, progress, max_silence, json_)


def _measure(
    prepared: Prepared, folder: RunFolder, server: Server, progress: Progress, max_silence: float, json_: bool,
    show: Show | None = None,
) -> int:  # fmt: skip
    from devbench.console import complain
    from devbench.errors import NoUsableDevice
    from devbench.session import Limits
    from devbench.session import run as run_session

    progress.begin(prepared)
    outcome = run_session(
        prepared, folder, server, progress.event, limits=Limits(silence_s=max_silence)
    )
    progress.end()
    code = _show_result(folder, json_, interrupted=outcome.interrupted, show=show)
    if outcome.lost and not outcome.attempted:
        reasons = "\n".join(f"  {reason}" for reason in outcome.lost.values())
        fix = "mend the above and resume the run, or try --device virtual: two virtual phones on this computer"
        complain(NoUsableDevice(f"no phone could be measured\n{reasons}", fix=fix))
        return NoUsableDevice.exit_code
    return code


def _show_plan(prepared: Prepared, unmatched: tuple[str, ...], progress: Progress, json_: bool) -> int:
    from devbench.console import print_json, print_plan
    from devbench.domain.codec import to_json

    progress.rejects(prepared.rejects, unmatched)
    if json_:
        print_json({"run": to_json(prepared.header), "todo": prepared.todo})
    else:
        print_plan(prepared)
    return 0


def _show_result(
    folder: RunFolder, json_: bool, *, interrupted: bool = False, show: Show | None = None
) -> int:
    """The reports, the table, and as the last line the folder's name. Nothing here can lose a measurement."""
    from devbench.console import print_json, print_line, print_report
    from devbench.reports.base import build_report, write_reports
    from devbench.reports.json_file import as_json

    run_read = folder.read()
    report = build_report(run_read)
    target = folder.path / "report"
    target.mkdir(exist_ok=True)
    write_reports(report, DEFAULT_FORMATS, target)
    done, asked = len(run_read.ok_by_job()), len(run_read.header.jobs)
    code = 130 if interrupted else 0 if done == asked else 1
    if done < asked:
        what = "interrupted: " if interrupted else ""
        again = command_text(("devbench", "run", "--resume", str(folder.path)))
        print_line(f"{what}{done} of {asked} jobs measured; the rest: {again}", to_stderr=True)
    print_line(f"report: {target / 'report.html'}", to_stderr=True)
    if show is not None:
        show(run_read, json_)
    elif json_:
        print_json({**as_json(report), "folder": str(folder.path), "exit_code": code})
    else:
        print_report(report)
    if not json_:
        print_line(str(folder.path))
    return code


DEFAULT_FORMATS = ("html", "csv", "md", "json")
