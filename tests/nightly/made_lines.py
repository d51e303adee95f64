"""Lines of a lab made by hand: a night each, with the files behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

from devbench.domain.history import Line, LineKey, Origin, Point, Segment
from devbench.nightly import Alert, Confirmation, Files
from devbench.nightly.alert import Changed, Outcome, State

KEY = LineKey(
    device="pixel-9-abc123", runner="native", engine="litert", delegate="xnnpack", threads=4, cores="big",
    abi="arm64-v8a", profile="standard", clock_state="free", variant="detector", metric="latency", phase="steady",
)  # fmt: skip


def night_of(i: int) -> str:
    """The date of night `i`, from 0."""
    return (date(2026, 1, 1) + timedelta(days=i)).isoformat()


def made_line(
    pcts: Sequence[float | None], *, models: Sequence[str] = (), engines: Sequence[str] = (),
    builds: Sequence[str] = (), device: str = KEY.device,
) -> Line:  # fmt: skip
    """A value of 10 ms and so many percent more each night; None is a gap. Night i has model `m<i>`."""
    import dataclasses

    count = len(pcts)
    models = models or [f"m{i}" for i in range(count)]
    engines, builds = engines or ["e1"] * count, builds or ["b1"] * count
    values = [None if pct is None else 1e7 * (1 + pct / 100) for pct in pcts]
    points = tuple(
        Point(
            run_id=f"run-{i}", night=night_of(i), started_at=f"{night_of(i)}T02:00:00Z", value=value,
            status="failed" if value is None else "ok", variant_sha256=models[i],
        )
        for i, value in enumerate(values)
    )  # fmt: skip
    return Line(
        key=dataclasses.replace(KEY, device=device), unit="ns", control=False, points=points,
        segments=tuple(_segments(engines, builds)), basis="value",
        logs=tuple(None if value is None else math.log(value) for value in values),
    )  # fmt: skip


def _segments(engines: Sequence[str], builds: Sequence[str]) -> list[Segment]:
    made = list(zip(engines, builds, strict=True))
    begins = [i for i in range(len(made)) if i == 0 or made[i] != made[i - 1]]
    return [
        Segment(
            first=begin, end=end,
            origin=Origin(
                fingerprint=made[begin][1], runner_sha256="r", engine_sha256=made[begin][0], engine_version="1",
                control_sha256="c",
            ),
            reason="" if begin == 0 else "changed",
        )
        for begin, end in zip(begins, [*begins[1:], len(made)], strict=True)
    ]  # fmt: skip


def made_confirmation(
    *, device: str = "phone-a", night: int = 9, variant: str = "detector", ratio: float | None = 1.05,
    outcome: Outcome = "regression", changed: Changed = "model", now: str = "m9", engine: str = "e1",
) -> Confirmation:  # fmt: skip
    return Confirmation(
        night=night_of(night), device=device, variant=variant, setup="litert, xnnpack", line=KEY.text, rule="level",
        by_pct=5.0, outcome=outcome, now=Files(model_sha256=now, engine_sha256=engine),
        then=Files(model_sha256="m8", engine_sha256="e0"), good_night=night_of(night - 1), changed=changed,
        ratio=ratio, low=None if ratio is None else ratio - 0.01, high=None if ratio is None else ratio + 0.01,
        rounds=5,
        folder="confirmations/run",
    )  # fmt: skip


def made_alert(*confirmations: Confirmation, state: State = "open", name: str = "20260110-abcd") -> Alert:
    confirmations = confirmations or (made_confirmation(), made_confirmation(device="phone-b"))
    return Alert(
        alert=name, state=state, changed=confirmations[0].changed or "model",
        night=min(c.night for c in confirmations), variants=tuple({c.variant: 1 for c in confirmations}),
        devices=tuple({c.device: 1 for c in confirmations}), ratio=1.05, low=1.04, high=1.06,
        confirmations=confirmations, changed_at="2026-01-10T03:00:00+01:00",
    )  # fmt: skip
