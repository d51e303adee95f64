"""What happens to phones in a session, planted into made runs: discarded and added rounds, gates, changes."""

from __future__ import annotations

from dataclasses import replace

from made_runs import LOW_BATTERY, make_run

from devbench.domain.measurement import Failure
from devbench.domain.phone_session import Note, PhoneSession
from devbench.domain.run import Run

THROTTLED = Failure(kind="throttled", cause="the frequency ceiling fell")


def redone(run: Run, round_: int) -> Run:
    """`run` with every process of a round discarded as throttled and measured again."""
    attempts = []
    for m in run.measurements:
        if m.round == round_ and m.pass_name == "latency":
            attempts += [replace(m, status="discarded", failure=THROTTLED), replace(m, attempt=2)]
        else:
            attempts.append(m)
    return replace(run, measurements=tuple(attempts))


def planned_for(run: Run, rounds: int) -> Run:
    """`run` as if only so many rounds had been planned: the rest were added."""
    return replace(run, header=replace(run.header, rounds=rounds))


def session(**changes: object) -> PhoneSession:
    base = PhoneSession(
        device="phone-000000",
        started_at="2026-01-01T00:00:00Z",
        ended_at="2026-01-01T00:10:00Z",
        outcome="finished",
        taints=(LOW_BATTERY,),
        missing=(Note(id="HOT", reason="thermal status came with Android 10 (API 29)"),),
        clock_state="fixed-performance",
        changed=("global stay_on_while_plugged_in: 0 → 7", "screen: off → on"),
        left=(Note(id="clock-lock", reason="its shell is not root"),),
        put_back="host",
        waited_s=12.2,
        rested_s=240.0,
        rounds_added=2,
        rounds_redone=1,
        canary_ns={"big": 12.3e6, "little": 30e6},
        canary_ratio=1.04,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def eventful_run(**planted: object) -> Run:
    """Eight rounds of which six were planned, the third measured twice, on a phone with a low battery."""
    run = planned_for(redone(make_run(**planted), 3), 6)
    return replace(run, sessions=(session(),))
