"""What a phone does by itself in mid-run: it reboots, asks its person again, or fills up."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest
from rig import LONG, NEW, OLD, SHORT_LIMITS, Rig, request
from told import assert_left, assert_undisturbed

from devbench import virtual
from devbench.domain.event import Event, JobEnded, JobStarted, Said


def once(kind: type, pass_name: str, do: Callable[[], object], *, at: int = 1) -> Callable[[Event], None]:
    """Calls `do` in a thread of its own at the `at`th event of that kind and pass."""
    seen: list[Event] = []

    def look(event: Event) -> None:
        if isinstance(event, kind) and event.job.pass_name == pass_name:  # type: ignore[attr-defined]
            seen.append(event)
            if len(seen) == at:
                threading.Thread(target=do).start()

    return look


@pytest.mark.parametrize("name", [pytest.param(OLD, marks=pytest.mark.slow), NEW])
def test_a_reboot_in_mid_job_discards_it_and_its_round_begins_anew(rig: Rig, name: str) -> None:
    """Two variants a round: the second is interrupted, so the first of that round does not count either."""
    reboot = once(JobStarted, "latency", lambda: rig.phone(name).reboot(), at=2)
    asked = request("and-gate", "two-inputs", bounds=LONG, tweaks=("stay-awake",))
    done = rig.session(asked, name, on_event=reboot)
    assert_undisturbed(done, says="the phone started anew in its middle")
    latency = [s for m, s in zip(done.run.measurements, done.statuses(), strict=True) if m.pass_name == "latency"]
    assert sorted(latency) == ["discarded(offline)", "discarded(offline)", "ok", "ok"]
    assert [s.outcome for s in done.run.sessions] == ["restarted", "finished"]
    assert "started anew" in (done.run.sessions[0].reason or "")
    assert done.run.sessions[0].rounds_redone == 1
    assert all(s.differs == () for s in done.run.sessions)
    assert done.outcome.lost == {}


@pytest.mark.slow
def test_a_phone_that_reboots_again_and_again_is_lost_with_the_reason(rig: Rig) -> None:
    def always(event: Event) -> None:
        if isinstance(event, JobStarted):
            threading.Thread(target=lambda: rig.phone(NEW).reboot()).start()

    done = rig.session(request("and-gate", bounds=LONG), NEW, on_event=always)
    assert [s.outcome for s in done.run.sessions] == ["restarted", "restarted", "lost"]
    assert "ok" not in done.statuses()
    assert list(done.outcome.lost) == [rig.device(NEW)]
    assert_left(done, says="the phone was gone before its part was done")
    assert_undisturbed(rig.resumed(done.folder, NEW), says="Session 4 of 4")


@pytest.mark.parametrize("accepted", [True, False])
def test_a_phone_that_asks_its_person_says_so_at_once(rig: Rig, accepted: bool) -> None:
    """Accepted within the time, nothing is lost; otherwise --resume does the rest."""
    told: list[str] = []

    def listen(event: Event) -> None:
        ask(event)
        if isinstance(event, Said) and "Allow USB debugging" in event.text:
            told.append(event.text)
            if accepted:
                threading.Thread(target=lambda: virtual.set_faults(NEW, (), home=rig.home)).start()

    ask = once(JobStarted, "latency", lambda: virtual.set_faults(NEW, ["unauthorized"], home=rig.home))
    limits = dataclasses.replace(SHORT_LIMITS, back_within_s=20 if accepted else 4)
    done = rig.session(request("and-gate", bounds=LONG), NEW, limits=limits, on_event=listen)
    assert len(told) == 1
    if accepted:
        assert_undisturbed(done, says="lost once")
        return
    assert set(done.statuses()) <= {"ok", "discarded(offline)", "skipped(offline)"}
    (reason,) = done.outcome.lost.values()
    assert "has not accepted this computer's key" in reason
    assert_left(done, says="has not accepted this computer&#39;s key")
    rig.mend(NEW)
    assert_undisturbed(rig.resumed(done.folder, NEW), says="Session 2 of 2")


def test_a_phone_whose_disk_fills_up_is_resumed_when_it_has_room(rig: Rig) -> None:
    def fill(event: Event) -> None:
        if isinstance(event, JobEnded):  # before the next job begins
            virtual.set_faults(NEW, ["disk-full:bytes=4096"], home=rig.home)

    done = rig.session(request("and-gate", bounds=LONG, rounds=2), NEW, on_event=fill)
    assert done.statuses()[0] == "ok"
    assert set(done.statuses()) - {"ok"} <= {"failed(disk-full)", "skipped(disk-full)"}, "it had no room any more"
    assert_left(done, says="disk-full")
    rig.mend(NEW)
    assert_undisturbed(rig.resumed(done.folder, NEW), says="Session 2 of 2")


def test_a_phone_that_sets_its_clock_measures_the_same(rig: Rig) -> None:
    """Its wall clock jumps by a day in mid-job: durations are monotonic."""
    step = once(JobStarted, "latency", lambda: virtual.advance_clock(NEW, 86_400, home=rig.home))
    done = rig.session(request("and-gate", bounds=LONG), NEW, on_event=step)
    assert_undisturbed(done, says="measured to its end")
    (m,) = done.of("and-gate")
    assert all(0 < ns < 60e9 for ns in m.samples_ns("steady"))
