"""Nights whose phones are arithmetic: what a run of some files would have measured, kept as a run folder."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from made_nights import kept
from made_runs import backend, make_run, phone, variant

from devbench.domain.job import Bounds, Profile
from devbench.domain.run import Artifact, Run
from devbench.domain.variant import Variant
from devbench.hashing import sha256_of
from devbench.history import History
from devbench.nightly import Bench, LabFolder, Measured, Night, Rules, run_night
from devbench.plan import Choices
from devbench.session import RunRequest

PHONES = (phone(0), phone(1))
FIRST = datetime(2026, 1, 1, 2, 0)


@dataclass
class MadeLab:
    """`slower_pct` by the text of a model file or an engine, or (phone, night); `asked` are all sessions."""

    folder: Path
    slower_pct: dict[object, float] = field(default_factory=dict)
    engine: str = "engine 1"
    errors: list[Exception] = field(default_factory=list)
    exit_code: int = 0
    asked: list[tuple[RunRequest, tuple[str, ...] | None]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _number: int = 0

    @property
    def lab(self) -> LabFolder:
        return LabFolder(self.folder / "lab")

    def nights(self, count: int, *, runs: int = 1, rules: Rules | None = None, **texts: str) -> Night:
        """So many nights, the last one returned; a text is a model file's content, without any it is new."""
        for _ in range(count):
            self._number += 1
            requests = [self._request(texts or {"detector": f"build {self._number}"}) for _ in range(runs)]
            bench = Bench(
                measure=self._measure, history=History(self.folder / "index.sqlite"), lab=self.lab,
                results=self.folder / "results", say=self.said.append,
                clock=lambda: FIRST + timedelta(days=self._number - 1),
            )  # fmt: skip
            (self.folder / "results").mkdir(exist_ok=True)
            night = run_night(requests, bench, rules or Rules())
        return night

    def _request(self, texts: dict[str, str]) -> RunRequest:
        variants = tuple(self._variant(name, text) for name, text in texts.items())
        return RunRequest(
            variants=variants, profile=Profile(name="standard", rounds=5, bounds=Bounds()), rounds=5, seed=0,
            choices=Choices(), engine_cache=self.folder,
        )  # fmt: skip

    def _variant(self, name: str, text: str) -> Variant:
        path = self.folder / f"{name}.tflite"
        path.write_text(text)
        made = variant(name, model=name)
        return dataclasses.replace(made, path=str(path), sha256=sha256_of(path), size_bytes=len(text))

    def _measure(self, request: RunRequest, devices: tuple[str, ...] | None, confirms: bool) -> Measured:
        self.asked.append((request, devices))
        if self.errors:
            raise self.errors.pop(0)
        phones = tuple(p for p in PHONES if devices is None or p.device in devices)
        run = self._run(request, phones)
        kept(self.lab.confirmations if confirms else self.folder / "results", run)
        return Measured(run=run, exit_code=self.exit_code)

    def _run(self, request: RunRequest, phones: tuple) -> Run:  # type: ignore[type-arg]
        """Each engine asked for runs each variant; None is the one of tonight."""
        engines = [self._engine(word) for word in request.choices.engines]
        parts = []
        for engine in engines:
            for info in phones:
                pct = self.slower_pct.get(engine.read_text(), 0.0)
                pct += self.slower_pct.get((info.device, self._number), 0.0)
                latencies = {
                    v.variant: 1e7 * (1 + (pct + self.slower_pct.get(Path(v.path).read_text(), 0.0)) / 100)
                    for v in request.variants
                }
                parts.append(
                    make_run(
                        phones=(info,), variants=request.variants, latencies_ns=latencies, rounds=request.rounds,
                        samples=20, spread=0.004, seed=len(self.asked) * 10 + len(parts), resources=False,
                        backends=(backend(engine_sha256=sha256_of(engine), engine_version=engine.name),),
                    )
                )  # fmt: skip
        when = FIRST + timedelta(days=self._number - 1)
        day = f"{when:%Y-%m-%d}"
        first = parts[0]
        header = dataclasses.replace(
            first.header,
            run_id=f"{when:%Y%m%d}-0200{len(self.asked) % 60:02d}-{len(self.asked):04x}",
            created_at=f"{day}T02:00:00+00:00",
            devices=phones,
            jobs=tuple(job for part in parts for job in part.header.jobs),
            artifacts=(
                *(a for a in first.header.artifacts if a.role != "engine"),
                *(_artifact(engine) for engine in engines),
            ),
        )
        measured = tuple(
            dataclasses.replace(m, started_at=f"{day}T02:00:01Z") for p in parts for m in p.measurements
        )
        return dataclasses.replace(first, header=header, measurements=measured)

    def _engine(self, word: str | None) -> Path:
        """The library that a word of --engine means."""
        if word is not None:
            return Path(word.partition("=")[2])
        path = self.folder / "engines" / f"{self.engine.replace(' ', '-')}.so"
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.engine)
        return path


def _artifact(engine: Path) -> Artifact:
    return Artifact(
        role="engine", name="litert", version=None, target="android-arm64-v8a", sha256=sha256_of(engine),
        size_bytes=engine.stat().st_size, path=str(engine),
    )  # fmt: skip
