"""Two virtual phones behind a real adb server of their own, and sessions on them by Python calls."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from devbench import store, virtual
from devbench.adb import Phone, Server
from devbench.conditions import GATE_IDS
from devbench.devices import Selection, leased, select
from devbench.domain.event import Event, Pushed
from devbench.domain.job import Bounds, Profile
from devbench.domain.measurement import Measurement
from devbench.domain.run import Run
from devbench.domain.variant import Variant
from devbench.graph.model_file import read_variant
from devbench.plan import Choices
from devbench.session import Limits, Outcome, Prepared, RunRequest, prepare, resume, run
from devbench.virtual import VirtualPhone

MODELS = Path(__file__).parents[2] / "devbench" / "data" / "models"
JOBS = "/data/local/tmp/devbench/jobs"
# a few inferences and no waiting: what a test needs unless it is about the bounds
BRIEF = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=2, warmup_block_ms=0, steady_min_n=5, steady_min_ms=0
)
# a job that is still measuring when a test does something to it
LONG = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=2, warmup_block_ms=0, steady_min_n=5, steady_min_ms=1500
)
# for what the other pass would only show once more
LATENCY = Profile(name="test", rounds=1, bounds=BRIEF, passes=("latency",))
SHORT_LIMITS = Limits(silence_s=20, start_s=30, back_within_s=20, look_s=0.1)
OLD, NEW = "oppo-a37f", "pixel-2-xl"


@dataclass
class Rig:
    """`phones` by profile name; `old` has the shell of Android 5, `new` that of Android 8."""

    home: Path
    server: Server
    phones: dict[str, VirtualPhone]
    folders: Path
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))

    def phone(self, name: str) -> Phone:
        return self.server.phone(self.phones[name].serial)

    def selection(self, *names: str) -> Selection:
        return select(self.server, ",".join(self.phones[name].serial for name in names or self.phones))

    def device(self, name: str) -> str:
        """devbench's name of a phone."""
        return self.selection(name).devices[0].device

    @contextlib.contextmanager
    def faults(self, name: str, *specs: str) -> Iterator[None]:
        virtual.set_faults(name, specs, home=self.home)
        try:
            yield
        finally:
            self.mend(name)

    def mend(self, name: str) -> None:
        """No fault any more, and the phone is usable on the server again."""
        virtual.set_faults(name, (), home=self.home)
        virtual.up([name], server=self.server.address, home=self.home)

    def prepared(self, request: RunRequest, *names: str) -> Prepared:
        return prepare(request, self.selection(*names), now=datetime.now())

    def session(
        self, request: RunRequest, *names: str, limits: Limits = SHORT_LIMITS,
        on_event: Callable[[Event], None] | None = None,
    ) -> Session:  # fmt: skip
        """A whole new run; `on_event` is called as events come."""
        prepared = self.prepared(request, *names)
        folder = store.create(self.folders, f"run-{next(self._numbers):04d}")
        folder.write_header(prepared.header)
        return self.go(prepared, folder, limits=limits, on_event=on_event)

    def go(
        self, prepared: Prepared, folder: store.RunFolder, *, limits: Limits = SHORT_LIMITS,
        on_event: Callable[[Event], None] | None = None,
    ) -> Session:  # fmt: skip
        events: list[Event] = []
        lock = threading.Lock()

        def emit(event: Event) -> None:
            with lock:
                events.append(event)
            if on_event is not None:
                on_event(event)

        outcome = run(prepared, folder, self.server, emit, limits=limits)
        return Session(folder=folder, outcome=outcome, events=events)

    def resumed(self, folder: store.RunFolder, *names: str) -> Session:
        return self.go(resume(folder.read(), self.selection(*names)), folder)

    def leftovers(self, name: str) -> list[str]:
        """Job folders on the phone."""
        return self.phone(name).shell(f"ls {JOBS}").stdout.split()

    def processes(self, name: str) -> list[str]:
        """Command lines of the runner's processes on the phone."""
        lines = self.phone(name).shell("for p in /proc/[0-9]*; do cat $p/cmdline; echo; done").stdout.splitlines()
        return [line.replace("\0", " ") for line in lines if "devbench/cas/" in line]

    def forget(self, name: str) -> None:
        """As if devbench had never been on the phone."""
        self.phone(name).remove("/data/local/tmp/devbench")


@dataclass(frozen=True, kw_only=True)
class Session:
    """What a session left."""

    folder: store.RunFolder
    outcome: Outcome
    events: list[Event]

    @property
    def run(self) -> Run:
        return self.folder.read()

    @property
    def pushed(self) -> list[Pushed]:
        return [event for event in self.events if isinstance(event, Pushed)]

    def of(self, variant: str, pass_name: str = "latency") -> list[Measurement]:
        return [m for m in self.run.measurements if (m.variant, m.pass_name) == (variant, pass_name)]

    def statuses(self, device: str | None = None) -> list[str]:
        """`ok`, `failed(timeout)` …, in the order they were written."""
        return [
            m.status if m.failure is None else f"{m.status}({m.failure.kind})"
            for m in self.run.measurements
            if device in (None, m.device)
        ]

    def assert_complete(self) -> None:
        """Every job has exactly one `ok` attempt."""
        found = self.run
        done = [m.job_id for m in found.measurements if m.status == "ok"]
        assert sorted(done) == sorted(job.job_id for job in found.header.jobs)


def variant(name: str) -> Variant:
    return read_variant(MODELS / f"{name}.tflite")


def request(
    *variants: Variant | str, rounds: int = 1, bounds: Bounds = BRIEF, profile: Profile | None = None,
    allow: Collection[str] = GATE_IDS, tweaks: Collection[str] = (), **choices: object,
) -> RunRequest:  # fmt: skip
    """Whatever state this computer is in is allowed, and nothing is changed, unless a test is about that."""
    return RunRequest(
        variants=tuple(variant(v) if isinstance(v, str) else v for v in variants or ("and-gate",)),
        engine_cache=Path("no-engines-cached"),
        profile=profile or Profile(name="test", rounds=rounds, bounds=bounds),
        rounds=rounds,
        allow=frozenset(allow),
        tweaks=frozenset(tweaks),
        seed=0,
        choices=Choices(**choices),  # type: ignore[arg-type]
    )


@contextlib.contextmanager
def running_rig(base: Path, profiles: Sequence[str] = (OLD, NEW)) -> Iterator[Rig]:
    home = base / "home"
    address = virtual.private_server(home=home)
    try:
        phones = virtual.up(profiles, server=address, home=home)
        yield Rig(
            home=home, server=Server(address), phones={p.name: p for p in phones}, folders=base / "runs"
        )
    finally:
        virtual.down(None, home=home)
        virtual.stop_private_server(home=home)
        shutil.rmtree(base, ignore_errors=True)


@contextlib.contextmanager
def phones_or_skip(base: Path, profiles: Sequence[str] = (OLD, NEW)) -> Iterator[Rig]:
    """These phones with a folder for runs; where there can be none, the test is skipped."""
    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    with running_rig(base, profiles) as rig:
        rig.folders.mkdir()
        yield rig


@contextlib.contextmanager
def shared_phones(base: Path) -> Iterator[Rig]:
    """The two phones that all tests of a folder share, for the real engine."""
    pytest.importorskip("ai_edge_litert")
    with phones_or_skip(base) as rig:
        yield rig


def records_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


__all__ = [
    "BRIEF", "LATENCY", "LONG", "NEW", "OLD", "Rig", "Session", "leased", "phones_or_skip", "request",
    "running_rig", "shared_phones", "variant",
]  # fmt: skip
