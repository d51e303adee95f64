"""`devbench nightly`: measure, hold against history, measure suspects again, tell who should know."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import Environment, command_line, read_environment
from devbench.cli.options import Json, Quiet

if TYPE_CHECKING:
    from devbench.cli.request import Asked
    from devbench.cli.servers import Target
    from devbench.console import Progress
    from devbench.domain.codec import Json as JsonValue
    from devbench.domain.run import Run
    from devbench.nightly import Bench, LabConfig, Measured, Night
    from devbench.nightly.config import RunOptions
    from devbench.session import RunRequest

EXAMPLES = """
[bold]Examples[/bold]

`devbench nightly --config lab.toml` — what cron, a timer or CI calls; docs/lab.md has examples of each

`devbench nightly --config lab.toml --dry-run` — phones, jobs and history, and nothing measured

`devbench baseline accept 20260109-3f2a` — what an alert told is how things are from now on
"""


def nightly(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="The lab, as TOML (docs/lab.md).")],
    dry_run: Annotated[
        bool, typer.Option(help="Show what would be measured and held against, and stop.")
    ] = False,
    json_: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a lab's models, hold each number against its own history, and measure again what became slower.

    Exit code 4 while a confirmed regression is open, 3 without a phone, 1 where something was not measured. With
    --quiet a night without news prints nothing.
    """
    from devbench.console import Progress
    from devbench.nightly import load_config

    lab = load_config(config)
    with Progress(quiet=quiet) as progress:
        environment = read_environment()
        if dry_run:
            raise typer.Exit(_dry_run(lab, environment, progress, json_))
        night = measure_night(lab, environment, progress)
        _tell(night, lab, progress, json_=json_, quiet=quiet)
    raise typer.Exit(night.exit_code)


def measure_night(
    lab: LabConfig, environment: Environment, progress: Progress, *,
    twist: Callable[[RunRequest], RunRequest] = lambda request: request,
    clock: Callable[[], datetime] = datetime.now, look_s: float = 5.0,
) -> Night:  # fmt: skip
    """One night on the lab's phones; `twist` changes what was asked for, `clock` dates it: the seams of a test."""
    from devbench import store
    from devbench.cli.servers import target_of
    from devbench.history import History
    from devbench.nightly import Bench, LabFolder, run_night

    store.check_writable(lab.results)
    store.check_writable(lab.lab)
    requests, notes = _requests(lab, environment, progress)
    with target_of(lab.device, environment) as target:
        runner = _Runner(lab, environment, progress, target, clock, look_s)
        bench = Bench(
            measure=runner.measure, history=History(lab.lab / "history.sqlite"), results=lab.results,
            lab=LabFolder(lab.lab), clock=clock, say=progress.say,
        )  # fmt: skip
        night = run_night([twist(request) for request in requests], bench, lab.rules, notes=notes)
    _write_trends(lab, bench, progress)
    return night


def _write_trends(lab: LabConfig, bench: Bench, progress: Progress) -> None:
    """`trends.html` in the lab's folder: every line, with steps, alerts and pins. It is made anew each night."""
    from devbench.cli.history import trend_marks
    from devbench.nightly.night import SCREENED
    from devbench.reports.history_page import history_html

    lines = bench.history.lines(SCREENED)
    marks, _ = trend_marks(lines, bench.lab)  # that no steps can be found was said when the night was screened
    path = lab.lab / "trends.html"
    try:
        path.write_text(history_html(lines, marks, title=f"{lab.folder.name}: nights"), encoding="utf-8")
    except OSError as error:
        progress.say(f"{path} cannot be written: {error.strerror}")
    else:
        progress.say(f"trends: {path}")


class _Runner:
    """Measures as `devbench run` does, on phones that are found once a night."""

    def __init__(
        self, lab: LabConfig, environment: Environment, progress: Progress, target: Target,
        clock: Callable[[], datetime], look_s: float,
    ) -> None:  # fmt: skip
        from devbench.cli.measuring import means_of

        self._lab = lab
        self._environment = environment
        self._progress = progress
        self._target = target
        self._clock = clock
        self._look_s = look_s
        self._means = means_of(lab.hub_power, allow_reboot=lab.allow_reboot)

    def measure(self, request: RunRequest, devices: tuple[str, ...] | None, confirms: bool) -> Measured:
        import dataclasses

        from devbench.cli.measuring import How, measure_on
        from devbench.cli.places import place_at
        from devbench.nightly import LabFolder, Measured

        target = self._target
        if devices is not None:
            target = dataclasses.replace(target, spec=",".join(devices))
        out = LabFolder(self._lab.lab).confirmations if confirms else self._lab.results
        how = How(
            out=out, environment=self._environment, progress=self._progress, json=True, clock=self._clock,
            max_silence_s=self._lab.max_silence_s, look_s=self._look_s, means=self._means,
            quarantine_after=self._lab.quarantine_after,
            formats=() if confirms else ("html", "json"),
        )  # fmt: skip
        found: list[Run] = []
        with place_at(target, how) as place:
            code = measure_on(place, request, how, show=lambda run, _: found.append(run))
        return Measured(run=found[0], exit_code=code)


def _requests(
    lab: LabConfig, environment: Environment, progress: Progress
) -> tuple[list[RunRequest], list[str]]:
    """Each [[run]] resolved. A mistake in the configuration ends it all; a model that cannot be built, its run."""
    from devbench.cli.request import build_request
    from devbench.errors import DevbenchError, UsageError

    found: list[RunRequest] = []
    notes: list[str] = []
    for number, run in enumerate(lab.runs, start=1):
        try:
            found.append(build_request(_asked(run, lab), environment, progress.say, argv=command_line()))
        except UsageError as error:
            raise UsageError(f"[[run]] number {number}: {error.message}", fix=error.fix) from error
        except DevbenchError as error:
            progress.say(str(error))
            notes.append(str(error))
    return found, notes


def _asked(run: RunOptions, lab: LabConfig) -> Asked:
    from devbench.cli.request import Asked
    from devbench.errors import UsageError

    models: list[Path] = []
    for pattern in run.models:
        wanted = lab.folder / pattern
        base = lab.folder if not Path(pattern).is_absolute() else Path(wanted.anchor)
        matched = sorted(base.glob(str(wanted.relative_to(base))))
        if not matched:
            raise UsageError(f"models = {pattern!r}: no such file below {lab.folder}")
        models += matched
    suite = run.suite
    if suite is not None and suite.endswith(".toml"):
        suite = str(lab.folder / suite)
    return Asked(
        models=tuple(models), suite=suite, fast=run.fast, profile=run.profile or "standard", rounds=run.rounds,
        max_rounds=run.max_rounds, seed=run.seed, device=lab.device, **run.words,  # type: ignore[arg-type]
    )  # fmt: skip


def _tell(night: Night, lab: LabConfig, progress: Progress, *, json_: bool, quiet: bool) -> None:
    """Console, step summary, JUnit, webhook; what cannot be told changes nothing about the night."""
    from devbench.console import print_json, print_line
    from devbench.nightly.junit import write_junit
    from devbench.nightly.notify import payload, worth_telling
    from devbench.nightly.words import headline, markdown, sentences

    if json_:
        print_json({**_as_json(night), "exit_code": night.exit_code})
    elif not quiet or night.exit_code or worth_telling(night, always=lab.notify.always):
        for line in (headline(night), *sentences(night)):
            print_line(line)
    try:
        if lab.notify.junit is not None:
            write_junit(night, lab.notify.junit)
        if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
            with open(summary, "a", encoding="utf-8") as file:
                file.write(markdown(night))
    except OSError as error:
        progress.say(f"{error.filename} cannot be written: {error.strerror}")
    url = lab.notify.webhook
    if lab.notify.webhook_env is not None and not (url := os.environ.get(lab.notify.webhook_env)):
        progress.say(f"nobody was told: ${lab.notify.webhook_env} is not set")
    if url and worth_telling(night, always=lab.notify.always) and (why := _posted(url, payload(night))):
        progress.say(f"nobody was told by webhook: {why}")


def _posted(url: str, body: dict[str, JsonValue]) -> str | None:
    from devbench.errors import UsageError
    from devbench.nightly.notify import post

    try:
        return post(url, body)
    except UsageError as error:
        return error.message


def _as_json(night: Night) -> dict[str, object]:
    import dataclasses

    from devbench.domain.codec import to_json
    from devbench.nightly.words import headline

    names = [f.name for f in dataclasses.fields(night) if f.name != "looks"]
    return {"headline": headline(night), **{name: to_json(getattr(night, name)) for name in names}}


def _dry_run(lab: LabConfig, environment: Environment, progress: Progress, json_: bool) -> int:
    """The plan of each run, and what the night would be held against."""
    from devbench.cli.servers import target_of
    from devbench.console import print_json, print_line, print_plan
    from devbench.devices import select, without_quarantined
    from devbench.domain.codec import to_json
    from devbench.history import History
    from devbench.nightly import LabFolder
    from devbench.nightly.night import SCREENED
    from devbench.nightly.pins import load_pins
    from devbench.session import prepare

    requests, notes = _requests(lab, environment, progress)
    with target_of(lab.device, environment) as target:
        selection = without_quarantined(select(target.server, target.spec), environment.quarantine)
        plans = [prepare(request, selection, now=datetime.now()) for request in requests]
    progress.rejects(selection.rejects, selection.unmatched)
    lines = 0
    if lab.results.is_dir():
        history = History(lab.lab / "history.sqlite")
        history.refresh([lab.results])
        lines = sum(not line.control for line in history.lines(SCREENED))
    pins = len(load_pins(LabFolder(lab.lab)))
    open_alerts = [alert.alert for alert in LabFolder(lab.lab).alerts() if alert.state == "open"]
    if json_:
        shown = [{"run": to_json(plan.header), "todo": plan.todo} for plan in plans]
        print_json({"plans": shown, "lines": lines, "pins": pins, "open_alerts": open_alerts, "notes": notes})
        return 0
    for plan in plans:
        print_plan(plan)
    print_line(f"history: {lines} lines, {pins} pinned; open alerts: {', '.join(open_alerts) or 'none'}")
    return 0
