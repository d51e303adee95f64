"""Planted effects, found or not: whole sessions through adb, virtual phones and the runner, and the words for them.

    python benchmarks/planted.py            a few short sessions, for `make bench`
    python benchmarks/planted.py --short    300 A/A and 200 with +5 %, then 40 + 40 on a phone that heats by 6 %
    python benchmarks/planted.py --long     10 A/A and 10 with +5 % on a real model, at the bounds of `standard`
    python benchmarks/planted.py --own-speed     the same, but nothing holds the model at one speed

Both may be given. What was measured is kept (--results), so that an interrupted bench goes on where it was; --fresh
begins anew, as it must after a change of devbench.

Short sessions run an engine that waits as it is told (tests/engines/paced.c) with a level that differs from process
to process by 1.2 %; long ones a face detector on the real LiteRT, behind a library that lets each inference last
10 ms, with the same spread, and 5 % more in B. With --own-speed it adds 5 % to what an inference of B took: that
asks for a computer that keeps within a percent or two (`devbench aa --device virtual` tells). A session is 8
rounds with a control, rounds added until settled, 20 at most; its words are those of its report.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bare import ROOT, ensure_runner
from counted import Counted, show
from phones import lab
from planted_engines import Heating, paced_engine, paced_variants, planted_engine, real_variants

from devbench import store
from devbench.adb import Server
from devbench.conditions import GATE_IDS
from devbench.devices import Selection, select
from devbench.domain.job import Bounds, Profile
from devbench.domain.run import Run
from devbench.plan import PROFILES, Choices
from devbench.session import Limits, Prepared, RunRequest, prepare, run
from devbench.store import write_atomically
from devbench.summary import summarise

EFFECT_PCT, HEATING_PCT = 5.0, 6.0
ROUNDS, MOST_ROUNDS = 8, 20
SHORT_BOUNDS = Bounds(
    warmup_min_ms=0, warmup_max_ms=0, warmup_max_n=2, warmup_block_ms=0, steady_min_n=15, steady_min_ms=0
)
LEVEL_US = 10_000.0  # of long sessions: well above what an inference takes on any computer of today
SHORT_PHONES = ("pixel-2-xl", "lg-v60", "poco-f6")
LONG_PHONES = ("pixel-2-xl", "lg-v60")
VARIANTS = 3  # with the control


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Sessions of one kind; `name` is their key in the file of results."""

    name: str
    sessions: int
    effect_pct: float = 0.0
    heating_pct: float = 0.0
    real: bool = False
    level_us: float = 0.0

    @property
    def title(self) -> str:
        effect = f"+{self.effect_pct:.0f} %" if self.effect_pct else "A/A"
        heating = f", heating {self.heating_pct:.0f} %" if self.heating_pct else ""
        own = ", the model's own speed" if self.real and not self.level_us else ""
        return f"{'long' if self.real else 'short'} {effect}{heating}{own}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What one session called its B, at its end and after 8 rounds alone; `lost` is why it did not end."""

    scenario: str
    device: str
    verdict: str | None
    verdict_at_8: str | None
    ratio: float | None
    low: float | None
    high: float | None
    rounds: int
    drift: bool
    seconds: float
    failed: int = 0
    lost: str | None = None


def scenarios(short: int, long: int, heated: int, own: int = 0) -> tuple[Scenario, ...]:
    """`short` A/A sessions and two thirds of that with an effect; `long`, `heated` and `own` speed of each kind."""
    return (
        Scenario(name="short-aa", sessions=short),
        Scenario(name="short-effect", sessions=short * 2 // 3, effect_pct=EFFECT_PCT),
        Scenario(name="heated-aa", sessions=heated, heating_pct=HEATING_PCT),
        Scenario(name="heated-effect", sessions=heated, effect_pct=EFFECT_PCT, heating_pct=HEATING_PCT),
        Scenario(name="long-aa", sessions=long, real=True, level_us=LEVEL_US),
        Scenario(name="long-effect", sessions=long, effect_pct=EFFECT_PCT, real=True, level_us=LEVEL_US),
        Scenario(name="own-aa", sessions=own, real=True),
        Scenario(name="own-effect", sessions=own, effect_pct=EFFECT_PCT, real=True),
    )


class Kept:
    """The file of results: rewritten whole after each session, so that an interrupted bench goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        held = json.loads(path.read_text("utf-8")) if path.is_file() else []
        self.sessions: list[Called] = [Called(**values) for values in held]

    def add(self, called: Called) -> None:
        with self._lock:
            self.sessions.append(called)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps([dataclasses.asdict(s) for s in self.sessions], indent=0))

    def of(self, scenario: Scenario) -> list[Called]:
        """The sessions of this kind that ended."""
        return [s for s in self.sessions if s.scenario == scenario.name and s.lost is None]


class Bench:
    """One group of sessions on some phones: each phone takes the next one as soon as it is free."""

    def __init__(self, server: Server, engine: str, base: Path, kept: Kept) -> None:
        self._server = server
        self._engine = engine
        self._base = base
        self._kept = kept
        self._started_s = time.monotonic()
        self._stop = threading.Event()

    def go(self, todo: Sequence[Scenario], serials: Sequence[str]) -> None:
        """Everything in `todo`; Ctrl-C waits for the sessions that run, and keeps them."""
        queue = iter(todo)
        lock = threading.Lock()
        done = Counter({"left": len(todo), "ended": 0})

        def take() -> Scenario | None:
            with lock:
                return None if self._stop.is_set() else next(queue, None)

        def work(serial: str) -> None:
            selection = select(self._server, serial)
            while (scenario := take()) is not None:
                called = self._one(scenario, selection)
                self._kept.add(called)
                with lock:
                    done.update(ended=1, left=-1)
                    self._tell(scenario, called, done)

        with ThreadPoolExecutor(max_workers=len(serials)) as pool:
            futures = [pool.submit(work, serial) for serial in serials]
            try:
                for future in as_completed(futures):
                    future.result()
            except KeyboardInterrupt:
                self._stop.set()
                print("\nwaiting for the sessions that run; the rest is for another time", file=sys.stderr)
                raise

    def _tell(self, scenario: Scenario, called: Called, done: Counter[str]) -> None:
        left_min = (time.monotonic() - self._started_s) / done["ended"] * done["left"] / 60
        ratio = "–" if called.ratio is None else f"{called.ratio:.3f}"
        line = f"{scenario.title}: {called.verdict or called.lost} ({ratio}, {called.rounds} rounds)"
        print(f"{line}; {done['left']} sessions left, about {left_min:.1f} min", file=sys.stderr, flush=True)

    def _one(self, scenario: Scenario, selection: Selection) -> Called:
        begun = datetime.now(UTC)
        with tempfile.TemporaryDirectory(dir=self._base) as text:
            folder = Path(text)
            prepared = prepare(self._request(scenario, folder), selection, now=datetime.now())
            kept = store.create(folder, "run")
            kept.write_header(prepared.header)
            limits = Limits() if scenario.real else dataclasses.replace(Limits(), look_s=0.1)
            outcome = run(prepared, kept, self._server, lambda event: None, limits=limits)
            lost = next(iter(outcome.lost.values()), None) or ("interrupted" if outcome.interrupted else None)
            return called_of(scenario, prepared, kept.read(), begun, lost)

    def _request(self, scenario: Scenario, folder: Path) -> RunRequest:
        if scenario.real:
            variants = real_variants(folder, effect_pct=scenario.effect_pct, level_us=scenario.level_us)
            bounds = PROFILES["standard"].bounds
        else:
            heating = heating_of(scenario, folder) if scenario.heating_pct else None
            variants = paced_variants(folder, effect_pct=scenario.effect_pct, heating=heating)
            bounds = SHORT_BOUNDS
        profile = Profile(
            name="planted", rounds=ROUNDS, max_rounds=MOST_ROUNDS, bounds=bounds, passes=("latency",)
        )
        return RunRequest(
            variants=variants, profile=profile, rounds=ROUNDS, seed=len(self._kept.sessions), baseline="a",
            choices=Choices(engines=(self._engine,)), engine_cache=self._base, allow=frozenset(GATE_IDS),
        )  # fmt: skip


def heating_of(scenario: Scenario, folder: Path) -> Heating:
    """Over the processes of the first 8 rounds of the session that keeps its files in `folder`."""
    file = f"/data/local/tmp/heat-{folder.name}"
    return Heating(pct=scenario.heating_pct, file=file, processes=ROUNDS * VARIANTS)


def called_of(
    scenario: Scenario, prepared: Prepared, measured: Run, begun: datetime, lost: str | None
) -> Called:
    """The session's own words about B, from its report; and what they would have been at 8 rounds."""
    (b,) = [s for s in summarise(measured) if s.cell.variant.variant == "b"]
    (b_at_8,) = [s for s in summarise(first_rounds(measured)) if s.cell.variant.variant == "b"]
    comparison, at_8 = b.comparison, b_at_8.comparison
    return Called(
        scenario=scenario.name,
        device=prepared.phones[0].info.device,
        verdict=comparison.verdict if comparison else None,
        verdict_at_8=at_8.verdict if at_8 else None,
        ratio=comparison.ratio if comparison else None,
        low=comparison.low if comparison else None,
        high=comparison.high if comparison else None,
        rounds=comparison.rounds if comparison else 0,
        drift="DRIFT" in {taint.id for taint in b.taints},
        seconds=(datetime.now(UTC) - begun).total_seconds(),
        failed=sum(m.status == "failed" for m in measured.measurements),
        lost=lost,
    )


def first_rounds(measured: Run) -> Run:
    early = {job.job_id for job in measured.header.jobs if job.round <= ROUNDS}
    header = dataclasses.replace(
        measured.header, jobs=tuple(job for job in measured.header.jobs if job.job_id in early)
    )
    kept = tuple(m for m in measured.measurements if m.job_id in early)
    return dataclasses.replace(measured, header=header, measurements=kept)


def counts_of(scenario: Scenario, sessions: Sequence[Called]) -> Iterator[Counted]:
    """Done or not, with exact bounds; `small change` is told apart."""
    n = len(sessions)
    verdicts = Counter(session.verdict for session in sessions)

    def counted(what: str, count: int, target: tuple[str, float] | None = None) -> Counted:
        return Counted(what=what, count=count, n=n, target=target)

    if scenario.effect_pct:
        found = sum(session.verdict_at_8 == "slower" for session in sessions)
        yield counted(f"+{scenario.effect_pct:.0f} % found after {ROUNDS} rounds", found, (">=", 0.95))
        yield counted(f"+{scenario.effect_pct:.0f} % found at the end", verdicts["slower"], (">=", 0.95))
    else:
        yield counted("called faster or slower", verdicts["faster"] + verdicts["slower"], ("<=", 0.01))
        yield counted("called small change", verdicts["small change"])
    concluded = n - verdicts["inconclusive"] - verdicts[None]
    yield counted("concluded", concluded, (">=", 0.95))
    drifted = sum(session.drift for session in sessions)
    yield counted("shown as DRIFT", drifted, (">=", 0.95) if scenario.heating_pct else None)


def measure(todo: Sequence[Scenario], kept: Kept, *, real: bool) -> None:
    """The sessions of `todo` (one entry each) that are on the real engine or not, on phones of their own."""
    todo = [scenario for scenario in todo if scenario.real == real]
    if not todo:
        return
    names = LONG_PHONES if real else SHORT_PHONES
    with lab(*names) as (server, phones, _), tempfile.TemporaryDirectory(prefix="planted-") as text:
        base = Path(text)
        serials = [phone.serial for phone in phones]
        engine = planted_engine(base, [server.phone(s) for s in serials]) if real else paced_engine(base)
        Bench(server, engine, base, kept).go(todo, serials)


def report(wanted: Sequence[Scenario], kept: Kept) -> bool:
    good = True
    for scenario in wanted:
        sessions = kept.of(scenario)
        missing = max(0, scenario.sessions - len(sessions))
        print(f"-- {scenario.title}: {len(sessions)} sessions" + (f", {missing} missing" if missing else ""))
        good = show(counts_of(scenario, sessions)) and good and not missing
        if sessions:
            rounds = sum(s.rounds for s in sessions) / len(sessions)
            seconds = sum(s.seconds for s in sessions) / len(sessions)
            failed = sum(s.failed for s in sessions)
            print(f"{rounds:.1f} rounds and {seconds:.0f} s a session, {failed} processes failed")
    return good


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="300 A/A, 200 with an effect, 40 + 40 heated")
    parser.add_argument("--long", action="store_true", help="10 + 10 on a real model")
    parser.add_argument("--own-speed", action="store_true", help="10 + 10 on a real model at its own speed")
    parser.add_argument("--results", type=Path, default=ROOT / "results" / "planted.json", help="kept there")
    parser.add_argument("--sessions", type=int, help="short A/A sessions instead of 300")
    parser.add_argument("--heated", type=int, help="heated sessions of each kind instead of 40")
    parser.add_argument("--long-sessions", type=int, default=10, help="long sessions of each kind")
    parser.add_argument("--fresh", action="store_true", help="put earlier results aside and begin anew")
    asked = parser.parse_args(words)
    if asked.fresh and asked.results.is_file():
        asked.results.replace(asked.results.with_suffix(".old.json"))
    glance = not (asked.short or asked.long or asked.own_speed)
    short = (300 if asked.sessions is None else asked.sessions) if asked.short else 0
    heated = (40 if asked.heated is None else asked.heated) if asked.short else 0
    long = asked.long_sessions
    wanted = scenarios(short, long if asked.long else 0, heated, long if asked.own_speed else 0)
    if glance:
        wanted = scenarios(6, 0, 2)
    wanted = tuple(scenario for scenario in wanted if scenario.sessions)
    ensure_runner()
    with tempfile.TemporaryDirectory() as scratch:
        kept = Kept(Path(scratch) / "planted.json" if glance else asked.results)
        todo = [s for s in wanted for _ in range(s.sessions - len(kept.of(s)))]
        print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.2f}; {len(todo)} sessions to do")
        code = 0
        try:
            for real in (False, True):
                measure(todo, kept, real=real)
        except KeyboardInterrupt:
            code = 130
        good = report(wanted, kept)
    return code or (0 if good or glance else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
