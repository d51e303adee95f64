"""From a request to a table: the run itself as every command that measures does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from devbench.cli.environment import Environment, command_line, command_text
from devbench.devices.quarantine import AFTER
from devbench.errors import UsageError
from devbench.runners.means import HubPower, Means

if TYPE_CHECKING:
    from devbench.cli.places import Place
    from devbench.cli.request import Asked
    from devbench.console import Progress
    from devbench.domain.run import Run
    from devbench.lab.link import Lab
    from devbench.reports.base import Report
    from devbench.runners.meter import Meter
    from devbench.session import Outcome, Prepared, RunRequest
    from devbench.store import RunFolder

Show: TypeAlias = "Callable[[Run, bool], None]"
DEFAULT_FORMATS = ("html", "csv", "md", "json")
GATE_FAILED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What does not decide a number: where results go, how they are told, when a silent phone is given up.

    `clock` names and dates runs; `look_s` is as in `Limits`. `max_away_s` is how long a lost
    phone is waited for, `means` what may be done to it then. `lab`: whose hosts have the phones; None: those
    that adb knows here. `from_file` are the words of the command line that devbench.toml gave.
    """

    out: Path
    environment: Environment
    progress: Progress
    max_silence_s: float = 300.0
    max_away_s: float = 120.0
    means: Means = field(default_factory=Means)
    dry_run: bool = False
    json: bool = False
    strict: bool = False
    limits: Mapping[str, float] = field(default_factory=dict)
    printed_as: str = "table"
    formats: tuple[str, ...] = DEFAULT_FORMATS
    clock: Callable[[], datetime] = datetime.now
    look_s: float = 5.0
    quarantine_after: int = AFTER
    meter: Meter | None = None
    lab: Lab | None = None
    from_file: tuple[str, ...] = ()


def means_of(hub_power: str | None, *, allow_reboot: bool) -> Means:
    """UsageError for a command that is none."""
    return Means(hub_power=None if hub_power is None else HubPower(hub_power), allow_reboot=allow_reboot)


def measure_new(
    asked: Asked, how: How, *,
    twist: Callable[[RunRequest], RunRequest] = lambda request: request, show: Show | None = None,
) -> int:  # fmt: skip
    """A new run of what was asked for, changed by `twist`; `show` presents it instead of the usual table."""
    from devbench import store
    from devbench.cli.places import place_of
    from devbench.cli.request import build_request

    if not how.dry_run:
        store.check_writable(how.out)
    argv = (*command_line(), *how.from_file)
    request = twist(build_request(asked, how.environment, how.progress.say, argv=argv))
    with place_of(asked.device or "all", how) as place:
        return measure_on(place, request, how, show=show)


def measure_on(place: Place, request: RunRequest, how: How, *, show: Show | None = None) -> int:
    """A new run of `request` on the phones of `place`."""
    from devbench import store
    from devbench.session import prepare

    selection, now = place.selection, how.clock()
    if how.dry_run:
        return _show_plan(prepare(request, selection, now=now), selection.unmatched, how)
    prepared = prepare(request, selection, now=now, fetching=how.progress.fetching)
    how.progress.rejects(prepared.rejects, selection.unmatched)
    folder = store.create(how.out, prepared.header.run_id)
    folder.write_header(prepared.header)
    _say_noise(prepared, how)
    with folder.held():
        return _measure(prepared, folder, place, how, show)


def _say_noise(prepared: Prepared, how: How) -> None:
    """What these rounds are worth on each phone, as far as `devbench aa` has asked it."""
    from devbench.errors import StoreError
    from devbench.noise import load_noise, noise_sentence

    header = prepared.header
    compares = sum(not variant.control for variant in header.variants) > 1
    for info in header.devices:
        try:
            known = load_noise(how.environment.noise, info.device)
        except StoreError as error:
            how.progress.say(str(error))  # no reason not to measure
            continue
        sentence = noise_sentence(known, info.fingerprint, rounds=header.rounds, compares=compares)
        if sentence is not None:
            how.progress.say(sentence)


def measure_rest(name: str, asked: Asked, how: How) -> int:
    """What is left of the run `name`."""
    from devbench import store
    from devbench.cli.places import place_of
    from devbench.cli.request import given_options
    from devbench.session import check_agreement, resume

    folder = store.find(how.out, name)
    past = folder.read()
    check_agreement(past.header, given_options(asked))
    store.check_writable(folder.path)
    for warning in past.warnings:
        how.progress.say(warning)
    if len(past.ok_by_job()) == len(past.header.jobs):
        how.progress.say("nothing is left to do: every job of this run is measured")
        return _show_result(folder, how)
    with place_of(past.header.options.get("device", "all"), how) as place:
        if how.dry_run:
            return _show_plan(resume(past, place.selection), place.selection.unmatched, how)
        with folder.held():
            # read again: another devbench may have measured while we waited for nothing
            prepared = resume(folder.read(), place.selection)
            how.progress.rejects(prepared.rejects, place.selection.unmatched)
            return _measure(prepared, folder, place, how)


def _measure(prepared: Prepared, folder: RunFolder, place: Place, how: How, show: Show | None = None) -> int:
    if how.meter is not None and len(prepared.phones) > 1:
        names = ", ".join(plan.info.device for plan in prepared.phones)
        raise UsageError(f"--meter is on the supply of one phone, these are {names}", fix="--device NAME")
    if how.meter is not None and how.lab is not None:
        raise UsageError("--meter is read by the host that has the phone", fix="measure there, without --lab")
    how.progress.begin(prepared)
    place.refresh()
    outcome = place.measure(prepared, folder)
    how.progress.end()
    return show_outcome(outcome, folder, how, show)


def show_outcome(outcome: Outcome, folder: RunFolder, how: How, show: Show | None = None) -> int:
    """The reports and the table of what was measured, and the exit code that says how it ended."""
    from devbench.console import complain
    from devbench.errors import NoUsableDevice

    code = _show_result(folder, how, interrupted=outcome.interrupted, show=show)
    if outcome.lost and not outcome.attempted:
        reasons = "\n".join(f"  {reason}" for reason in outcome.lost.values())
        fix = "mend the above and resume the run, or try --device virtual: two virtual phones on this computer"
        complain(NoUsableDevice(f"no phone could be measured\n{reasons}", fix=fix))
        return NoUsableDevice.exit_code
    return code


def _show_plan(prepared: Prepared, unmatched: tuple[str, ...], how: How) -> int:
    from devbench.console import print_json, print_plan
    from devbench.domain.codec import to_json

    how.progress.rejects(prepared.rejects, unmatched)
    if how.json:
        print_json({"run": to_json(prepared.header), "todo": prepared.todo})
    else:
        print_plan(prepared)
    return 0


def _show_result(
    folder: RunFolder, how: How, *, interrupted: bool = False, show: Show | None = None
) -> int:
    """The reports, the table, and as the last line the folder's name. Nothing here can lose a measurement."""
    from devbench.console import print_json, print_line, print_report
    from devbench.reports.base import build_report, write_reports
    from devbench.reports.json_file import as_json

    run_read = folder.read()
    report = build_report(run_read)
    target = folder.path / "report"
    target.mkdir(exist_ok=True)
    write_reports(report, how.formats, target)
    done, asked = len(run_read.ok_by_job()), len(run_read.header.jobs)
    code = 130 if interrupted else 1 if done < asked else _gates_code(report, how)
    if done < asked:
        what = "interrupted: " if interrupted else ""
        again = command_text(("devbench", "run", "--resume", str(folder.path)))
        print_line(f"{what}{done} of {asked} jobs measured; the rest: {again}", to_stderr=True)
    if "html" in how.formats:
        how.progress.say(f"report: {target / 'report.html'}")
    if show is not None:
        show(run_read, how.json)
    elif how.json:
        print_json({**as_json(report), "folder": str(folder.path), "exit_code": code})
    elif how.printed_as == "table":
        print_report(report)
    else:
        from devbench.reports.stock_text import stock_text

        print_line(stock_text(report))
    if not how.json:
        print_line(str(folder.path))
    return code


def _gates_code(report: Report, how: How) -> int:
    """4 where --strict or a limit asks for more than was measured; every reason is said."""
    from devbench.cli.parity_gate import parity_code

    return max(_strict_code(report, how), parity_code(report, how.limits))


def _strict_code(report: Report, how: How) -> int:
    """4 where --strict asks for more than the numbers are worth."""
    from devbench.console import print_line

    doubtful = [s for s in report.summaries if s.verdict != "trusted"]
    if not how.strict or not doubtful:
        return 0
    for summary in doubtful:
        ids = ", ".join(taint.id for taint in summary.taints)
        where = f"{summary.cell.device.device}: {summary.cell.variant.variant}"
        print_line(f"--strict: {where}: {summary.verdict}" + (f" ({ids})" if ids else ""), to_stderr=True)
    return GATE_FAILED
