"""What a person sees: progress and talk on stderr, data on stdout. The only printer beside the commands."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from devbench.domain.check import Check
from devbench.domain.device import DeviceInfo, Reject
from devbench.domain.event import (
    CameBack,
    Event,
    FirstNumber,
    JobEnded,
    JobsAdded,
    JobStarted,
    PhoneEnded,
    PhoneStarted,
    Pushed,
    Said,
    Waiting,
)
from devbench.domain.job import OWN_LOAD, Backend
from devbench.errors import DevbenchError
from devbench.units import show

if TYPE_CHECKING:
    import rich.progress

    from devbench.devices import Selection
    from devbench.devices.lease import Holder
    from devbench.devices.quarantine import Record
    from devbench.reports.base import Report
    from devbench.session import Prepared

PLAIN_EVERY_S = 10.0
WIDE = 100
_PLAIN = {"−": "-", "–": "-", "—": "-", "µ": "u", "×": "x", "±": "+-", "…": "...", "→": "->", "─": "-", "·": "|"}
_RATED_BYTES = 1_000_000


def plain_where_needed() -> None:
    """What the terminal, file or pipe behind stdout and stderr cannot hold is written plainly, not refused."""

    def plainly(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(_PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end

    codecs.register_error("plainly", plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plainly")


def print_line(text: str, *, to_stderr: bool = False) -> None:
    print(text, file=sys.stderr if to_stderr else sys.stdout, flush=True)


def print_json(data: Any) -> None:
    """One JSON object on stdout; what Python calls NaN does not pass as JSON."""
    print(json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False), flush=True)


def complain(error: DevbenchError) -> None:
    """An error for a person: what failed, then what to do next."""
    print(f"devbench: {error}", file=sys.stderr)


def print_report(report: Report) -> None:
    """The answer in sentences, then the table, as wide as the terminal; NO_COLOR is honoured by rich."""
    from rich.console import Console

    from devbench.reports.answer import answer_sentences, trust_line
    from devbench.reports.console_table import console_affinity, console_suite_tables, console_table

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _width())
    for sentence in (*answer_sentences(report), trust_line(report)):
        console.print(report.scrub(sentence), markup=False)
    console.print(console_table(report, console.width))
    for table in (*console_suite_tables(report), *console_affinity(report)):
        console.print(table)


def _width() -> int:
    """Without a terminal a table is for a log or a pager, which scrolls: COLUMNS or 160."""
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() and int(columns) > 0 else 160


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows of text on stdout, as wide as the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _width())
    console.print(table)


def print_devices(selection: Selection, held: Mapping[str, Holder], records: Sequence[Record]) -> None:
    """Usable phones as a table, then each reject with its way out, who measures, and who is in quarantine."""
    if selection.devices:
        heads = ("device", "serial", "model", "Android", "target", "cores", "RAM", "labels")
        print_table(heads, [_device_row(info) for info in selection.devices])
    for device, holder in held.items():
        print_line(f"{device}: measured by {holder.words}")
    for record in records:
        if record.quarantined:
            print_line(f"{record.device} [quarantined] {record.why}\n  → {record.way_back}")
    for reject in selection.rejects:
        print_line(f"{reject.serial} [{reject.state}] {reject.reason}\n  → {reject.fix}")
    for part in selection.unmatched:
        print_line(f"{part}: no such phone on this adb server")
    if not selection.devices and not selection.rejects:
        print_line(
            "no phone on the adb server\n  → plug one in with USB debugging on (`devbench doctor` helps), "
            "or try `devbench run --device virtual`",
            to_stderr=True,
        )


def _device_row(info: DeviceInfo) -> tuple[str, ...]:
    groups = " + ".join(
        f"{len(group.cpus)} {group.name}" + (f" {group.max_khz / 1e6:.2f} GHz" if group.max_khz else "")
        for group in info.core_groups
    )
    android = f"{info.android_release or '?'} (API {info.sdk if info.sdk is not None else '?'})"
    return (
        info.device,
        info.serial,
        f"{info.manufacturer or ''} {info.model}".strip(),
        android,
        info.target,
        groups,
        show(info.ram_bytes, "byte"),
        " ".join(info.labels),
    )


def print_plan(prepared: Prepared) -> None:
    """What --dry-run shows: phones, engines, variants, jobs, and a lower bound of the time."""
    from devbench.summary.cells import thread_words

    header = prepared.header
    print_line(f"profile {header.profile.name}, {header.rounds} rounds, seed {header.seed}")
    for phone in prepared.phones:
        info = phone.info
        engines = ", ".join(f"{e.engine} {e.version or ''}".strip() for e in phone.engines.values())
        print_line(
            f"{info.device} ({info.target}): {len(phone.jobs)} jobs by native runner, engine {engines}"
        )
        for job in phone.jobs:
            backend = job.backend
            print_line(
                f"  {job.position + 1:4d}  round {job.round}  {job.pass_name:9s}  {job.variant}  "
                f"{backend.delegate}, {thread_words(backend.threads)} on {backend.cores}{_load(backend)}"
            )


class Progress:
    """Turns a session's events into lines or, on a terminal, bars with the time left. Thread-safe."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._fancy = not quiet and sys.stderr.isatty() and not os.environ.get("CI")
        self._bars: rich.progress.Progress | None = None
        self._tasks: dict[str, rich.progress.TaskID] = {}
        self._total: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._said_at: dict[str, float] = {}
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def say(self, text: str) -> None:
        if self._quiet:
            return
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def fetching(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """A download as lines: at its start, every ten seconds, and at its end."""
        now = time.monotonic()
        if 0 < done_bytes < total_bytes and now - self._said_at.get(what, now) < PLAIN_EVERY_S:
            return
        self._said_at[what] = now
        done = "done" if done_bytes == total_bytes else f"{100 * done_bytes // max(total_bytes, 1)} %"
        self.say(f"fetching {what}, {show(total_bytes, 'byte')}" + (f": {done}" if done_bytes else ""))

    def rejects(self, rejects: Sequence[Reject], unmatched: Sequence[str]) -> None:
        for reject in rejects:
            self.say(f"left out: {reject.serial} [{reject.state}]: {reject.reason}\n  → {reject.fix}")
        for part in unmatched:
            self.say(f"left out: {part}: no such phone on this adb server")

    def begin(self, prepared: Prepared) -> None:
        self._started = time.monotonic()
        for phone in prepared.phones:
            self.say(_what_runs(phone.info, prepared))
        if not self._fancy:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars
        from rich.table import Column

        # what the phone does gives way first on a narrow terminal; names are data, not markup
        doing = Column(no_wrap=True, overflow="ellipsis", ratio=1)
        self._bars = Bars(
            TextColumn("{task.fields[device]}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=24 if Console(stderr=True).width >= WIDE else 6), MofNCompleteColumn(),
            TimeRemainingColumn(), TextColumn("{task.description}", markup=False, table_column=doing),
            console=Console(stderr=True), expand=True,
        )  # fmt: skip
        self._bars.start()

    def end(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def event(self, event: Event) -> None:
        """Show one event. Cheap: no work grows with the number of jobs or samples."""
        with self._lock:
            self._show(event)

    def _show(self, event: Event) -> None:
        match event:
            case PhoneStarted():
                name = event.device.device
                self._total[name], self._done[name] = event.jobs, 0
                if self._bars is not None:
                    self._tasks[name] = self._bars.add_task("preparing", total=event.jobs, device=name)
            case Pushed():
                rate = f", {event.size_bytes / 1e6 / max(event.seconds, 1e-6):.0f} MB/s"
                # a small file takes as long as its commands do
                shown = rate if event.size_bytes >= _RATED_BYTES else ""
                self.say(f"{event.device}: pushed {event.what}, {show(event.size_bytes, 'byte')}{shown}")
            case JobStarted():
                job = event.job
                self._describe(job.device, f"{job.variant} · {job.pass_name}, round {job.round}")
            case FirstNumber():
                value = show(event.ns, "ns")
                self.say(f"{event.job.device}: {event.job.variant}: {value} an inference (first look)")
            case JobEnded():
                self._ended(event)
            case Waiting():
                self._waiting(event)
            case JobsAdded():
                self._added(event)
            case CameBack():
                self.say(f"{event.device}: back after {event.seconds:.1f} s ({event.was})")
            case Said():
                self.say(f"{event.device}: {event.text}")
            case PhoneEnded():
                if event.reason is not None:
                    self.say(f"{event.device}: stopped: {event.reason}")

    def _waiting(self, event: Waiting) -> None:
        """A countdown: on a terminal in its line, in a log every ten seconds."""
        text = f"{event.reason}: {event.seconds:.0f} s"
        self._describe(event.device, text)
        key = f"{event.device} waits"
        due = time.monotonic() - self._said_at.get(key, float("-inf")) >= PLAIN_EVERY_S
        if self._bars is None and event.seconds >= PLAIN_EVERY_S and due:
            self._said_at[key] = time.monotonic()
            self.say(f"{event.device}: waiting: {text}")

    def _added(self, event: JobsAdded) -> None:
        self._total[event.device] = self._total.get(event.device, 0) + event.jobs
        self.say(f"{event.device}: {event.reason}")
        if self._bars is not None and event.device in self._tasks:
            self._bars.update(self._tasks[event.device], total=self._total[event.device])

    def _describe(self, device: str, text: str) -> None:
        if self._bars is not None and device in self._tasks:
            self._bars.update(self._tasks[device], description=text)

    def _ended(self, event: JobEnded) -> None:
        device = event.job.device
        self._done[device] = self._done.get(device, 0) + 1
        failure = event.measurement.failure
        if failure is not None and event.measurement.status != "skipped":
            self.say(
                f"{device}: {event.job.variant}: {event.measurement.status} ({failure.kind}): {failure.cause}"
            )
        if self._bars is not None:
            self._bars.advance(self._tasks[device])
        elif time.monotonic() - self._said_at.get(device, self._started) >= PLAIN_EVERY_S:
            self._said_at[device] = time.monotonic()
            self.say(
                f"{device}: {self._done[device]} of {self._total.get(device)} jobs, {self._left(device)}"
            )

    def _left(self, device: str) -> str:
        """Time left from this phone's own pace so far."""
        done, total = self._done[device], self._total.get(device, 0)
        left_s = (time.monotonic() - self._started) / max(done, 1) * (total - done)
        return f"about {left_s / 60:.0f} min left" if left_s >= 90 else f"about {left_s:.0f} s left"


def _what_runs(info: DeviceInfo, prepared: Prepared) -> str:
    """What was chosen where the user left it open: engine, threads, cores — printed, not implied."""
    from devbench.summary.cells import thread_words

    plan = next(p for p in prepared.phones if p.info.device == info.device)
    backends = dict.fromkeys(
        f"{b.engine} {b.engine_version or ''}".strip()
        + f", {b.delegate}, {thread_words(b.threads)} on {b.cores} cores{_load(b)}"
        for b in (job.backend for job in plan.jobs)
    )
    labels = f" [{', '.join(info.labels)}]" if info.labels else ""
    return f"{info.device}{labels} {info.target}: {len(plan.jobs)} jobs; {'; '.join(backends)}"


def print_checks(checks: Sequence[Check]) -> None:
    """One line a check, its way out below it."""
    marks = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}
    for check in checks:
        print_line(f"{marks[check.status]} {check.name}: {check.found}")
        if check.fix:
            print_line(f"          → {check.fix}")


def _load(backend: Backend) -> str:
    return "" if backend.load == OWN_LOAD else f", loaded by {backend.load}"
