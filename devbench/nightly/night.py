"""One night: measure, look at every line, measure again what is suspicious, and say what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from devbench.domain.history import Line
from devbench.domain.run import Run
from devbench.errors import DevbenchError, MissingExtra, NoUsableDevice, StoreError, UsageError
from devbench.history import History, Wanted
from devbench.nightly.alert import Alert, Confirmation
from devbench.nightly.folder import LabFolder
from devbench.nightly.group import grouped, resolved
from devbench.nightly.look import Look, look
from devbench.nightly.pins import load_pins
from devbench.nightly.trial import Trial, judged, trial_request, trials_of, without_number
from devbench.session import RunRequest
from devbench.stats import steps
from devbench.stats.screen import LEAST_NIGHTS

SCREENED = Wanted(metrics=("latency",), phases=("steady",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run as far as it came, and the exit code of `devbench run` for it; after 130 the night ends too."""

    run: Run
    exit_code: int

    @property
    def interrupted(self) -> bool:
        return self.exit_code == 130


# what to measure, the phones (None: those of the night), whether it is a confirmation
Measure: TypeAlias = "Callable[[RunRequest, tuple[str, ...] | None, bool], Measured]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a night works with: the seams of phones, time and talk are here."""

    measure: Measure
    history: History
    results: Path
    lab: LabFolder
    clock: Callable[[], datetime]
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`weekly`: the weekday (0 is Monday) on which pinned releases are looked at.

    `most_trials` sessions confirm in a night, the worst first; of files, those of the last `keep_nights` are kept.
    """

    weekly: int = 6
    most_trials: int = 20
    keep_nights: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What one night told. `jobs_missing` were asked for and not measured; `gaps` are lines without a number.
    `absent` are phones of the nights before that were not measured tonight, with the last night they were.

    `alerts` are those that are open now, whenever they came; `opened` of them tonight.
    """

    night: str
    run_ids: tuple[str, ...]
    phones: int
    jobs: int
    jobs_missing: int
    lines: int
    young: int
    gaps: tuple[str, ...]
    absent: tuple[str, ...]
    confirmations: tuple[Confirmation, ...]
    opened: tuple[Alert, ...]
    resolved: tuple[Alert, ...]
    watched: tuple[Alert, ...]
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...]
    looks: tuple[Look, ...] = field(default=(), repr=False)
    no_phone: bool = False
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """130 interrupted, 4 while a confirmed regression is open, 3 no phone, 1 something was not measured."""
        if self.interrupted:
            return 130
        if self.alerts:
            return 4
        if self.no_phone:
            return 3
        return 1 if self.jobs_missing or self.notes else 0


class _Work:
    """The night as it goes: runs, notes, and whether the user stopped it."""

    def __init__(self, bench: Bench, rules: Rules) -> None:
        self.bench = bench
        self.rules = rules
        self.night = bench.clock().date().isoformat()
        self.requests: dict[str, RunRequest] = {}
        self.runs: list[Run] = []
        self.notes: list[str] = []
        self.phoneless = 0
        self.interrupted = False

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.bench.say(text)

    def measure_all(self, requests: Sequence[RunRequest]) -> None:
        for request in requests:
            if self.interrupted:
                return
            try:
                for variant in request.variants:
                    if not variant.control:
                        self.bench.lab.keep_model(variant)
                measured = self.bench.measure(request, None, False)
            except NoUsableDevice as error:
                self.phoneless += 1
                self.note(str(error))
                continue
            except (StoreError, UsageError):
                raise
            except DevbenchError as error:
                self.note(str(error))  # one suite's trouble: the others are measured all the same
                continue
            self.interrupted = measured.interrupted
            self.phoneless += measured.exit_code == NoUsableDevice.exit_code
            self.runs.append(measured.run)
            self.requests[measured.run.header.run_id] = request
            for artifact in measured.run.header.artifacts:
                if artifact.role == "engine":
                    self.bench.lab.keep_engine(artifact)

    def lines(self) -> tuple[Line, ...]:
        refreshed = self.bench.history.refresh([self.bench.results])
        for skipped in refreshed.skipped:
            self.bench.say(f"left out of history: {skipped.folder}: {skipped.reason}")
        return self.bench.history.lines(SCREENED)

    def looks(self, lines: Iterable[Line], alerts: Sequence[Alert]) -> tuple[Look, ...]:
        pins = {pin.line: pin for pin in load_pins(self.bench.lab)}
        run_ids = frozenset(self.requests)
        weekly = date.fromisoformat(self.night).weekday() == self.rules.weekly
        with_steps = self._has_steps()
        found = (
            look(
                line,
                run_ids,
                alerts=alerts,
                pin=pins.get(line.key.text),
                weekly=weekly,
                with_steps=with_steps,
            )
            for line in lines
            if not line.control
        )
        return tuple(each for each in found if each is not None)

    def _has_steps(self) -> bool:
        try:
            steps((0.0,) * 4)
        except MissingExtra as error:
            self.bench.say(f"nights are screened by their level alone: {error}")
            return False
        return True

    def confirm(self, looks: Sequence[Look]) -> tuple[Confirmation, ...]:
        """Every suspicious line once: measured again, or why not."""
        found = [
            without_number(k, self.night, "") for k in looks if k.suspicion is not None and k.good is None
        ]
        for number, trial in enumerate(trials_of(looks)):
            if self.interrupted:
                reason = "the night was interrupted"
            elif number >= self.rules.most_trials:
                reason = f"{self.rules.most_trials} sessions had confirmed before (key `confirmations`)"
            else:
                found += self._confirmed(trial)
                continue
            found += [without_number(k, self.night, reason) for k in trial.looks]
        return tuple(found)

    def _confirmed(self, trial: Trial) -> Iterable[Confirmation]:
        key, by = trial.first.line.key, trial.by
        phones = ", ".join(trial.devices)
        self.bench.say(
            f"{key.variant} looks {100 * by:.1f} % slower on {phones}: measuring against {trial.then.night}"
        )
        try:
            request = trial_request(trial, self.requests[trial.first.point.run_id], self.bench.lab)
            measured = self.bench.measure(request, trial.devices, True)
        except StoreError:
            raise
        except DevbenchError as error:
            self.note(f"{key.variant} was not confirmed: {error}")
            # an error of adb or of a phone may hold a serial, and a reason travels
            reason = (
                error.message if isinstance(error, UsageError) else f"it ended with {type(error).__name__}"
            )
            return [without_number(k, self.night, reason) for k in trial.looks]
        self.interrupted = measured.interrupted
        folder = f"confirmations/{measured.run.header.run_id}"
        return judged(trial, measured.run, self.night, folder)


def run_night(
    requests: Sequence[RunRequest], bench: Bench, rules: Rules, *, notes: Sequence[str] = ()
) -> Night:
    """Everything of one night; alerts are on the disk when this returns. `notes` are troubles from before."""
    work = _Work(bench, rules)
    work.notes.extend(notes)
    work.measure_all(requests)
    known = bench.lab.alerts()
    lines = work.lines() if work.runs else ()
    looks = work.looks(lines, known)
    confirmations = work.confirm(looks)
    now = bench.clock().astimezone().isoformat(timespec="seconds")
    changed = (*grouped(confirmations, known, night=work.night, now=now), *resolved(looks, known, now=now))
    for alert in changed:
        bench.lab.write_alert(alert)
    if work.runs and not work.interrupted:
        _forget_old(bench.lab, work, rules)
    return _night(work, lines, looks, confirmations, changed)


def _night(
    work: _Work,
    lines: Sequence[Line],
    looks: Sequence[Look],
    confirmations: Sequence[Confirmation],
    changed: Sequence[Alert],
) -> Night:
    every = work.bench.lab.alerts()
    return Night(
        night=work.night,
        run_ids=tuple(work.requests),
        phones=len({info.device for run in work.runs for info in run.header.devices}),
        jobs=sum(len(run.header.jobs) for run in work.runs),
        jobs_missing=sum(len(run.header.jobs) - len(run.ok_by_job()) for run in work.runs),
        lines=len(looks),
        young=sum(k.nights <= LEAST_NIGHTS for k in looks if k.logs),
        absent=_absent(lines, looks, work.night),
        gaps=() if work.interrupted else tuple(_gap(look) for look in looks if not look.logs),
        confirmations=tuple(confirmations),
        opened=tuple(a for a in changed if a.state == "open"),
        resolved=tuple(a for a in changed if a.state == "resolved"),
        watched=tuple(a for a in changed if a.state == "watch"),
        alerts=tuple(a for a in every if a.state == "open"),
        notes=tuple(work.notes),
        looks=tuple(looks),
        no_phone=work.phoneless > 0 and not any(run.ok_by_job() for run in work.runs),
        interrupted=work.interrupted,
    )


def _absent(lines: Iterable[Line], looks: Iterable[Look], night: str) -> tuple[str, ...]:
    """Phones that had a number within the last week and were not there tonight: nobody else would miss them."""
    here = {look.line.key.device for look in looks}
    last: dict[str, str] = {}
    for line in lines:
        for point in line.points:
            if point.value is not None and line.key.device not in here:
                last[line.key.device] = max(point.night, last.get(line.key.device, ""))
    week_ago = (date.fromisoformat(night) - timedelta(days=7)).isoformat()
    return tuple(f"{device} (last on {day})" for device, day in sorted(last.items()) if day >= week_ago)


def _gap(look: Look) -> str:
    """Which line has no number tonight; its reason is in the run's own report, since it may name a serial."""
    key, status = look.line.key, look.point.status
    return f"{key.device}: {key.variant}: {'not finished' if status == 'ok' else status}"


def _forget_old(lab: LabFolder, work: _Work, rules: Rules) -> None:
    """Model and engine files that no pin, no alert and no line's latest nights refer to."""
    needed: set[str] = set()
    for pin in load_pins(lab):
        needed |= {pin.files.model_sha256, pin.files.engine_sha256}
    for alert in lab.alerts():
        for confirmation in alert.confirmations:
            for files in (confirmation.now, confirmation.then):
                needed |= {files.model_sha256, files.engine_sha256} if files else set()
    for line in work.bench.history.lines(SCREENED):
        nights = sorted({p.night for p in line.points})[-rules.keep_nights :]
        needed |= {p.variant_sha256 for p in line.points if p.night in nights}
        needed |= {s.origin.engine_sha256 for s in line.segments if line.points[s.end - 1].night in nights}
    lab.forget_all_but(needed)
