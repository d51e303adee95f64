"""A cable that is pulled and put back, at any moment: the cells are those of an undisturbed run, none twice."""

from __future__ import annotations

import dataclasses
import threading

import pytest
from cable import Cable, by_cable
from rig import LONG, NEW, OLD, SHORT_LIMITS, Rig, Session, request
from told import assert_undisturbed

from devbench import virtual
from devbench.devices import select
from devbench.domain.event import Event, JobStarted
from devbench.session import Limits, Means, prepare

# a command of each phase of a session, from its first to its last
PHASES = {
    "program": "mkdir -p .*cas$|mkdir -p .*cas",
    "push": "^sync:",
    "keep": "mv .*part",
    "settings": "settings put",
    "start": "detach=1",
    "look": "smaps|/until",
    "read back": "err.txt",
    "undo": "undo/",
}


@pytest.mark.parametrize("name", [OLD, pytest.param(NEW, marks=pytest.mark.slow)])
def test_a_cable_pulled_in_every_phase_of_one_session_costs_nothing(rig: Rig, name: str) -> None:
    rig.forget(name)
    pulls = [f"drop:match={pattern}" for pattern in PHASES.values()]
    with rig.faults(name, *pulls):
        done = rig.session(request("and-gate", tweaks=("stay-awake", "animations")), name)
    (session,) = done.run.sessions
    assert_undisturbed(done, says=f"lost {session.connections_lost} times")
    assert done.statuses() == ["ok", "ok"]
    assert session.outcome == "finished"
    assert session.connections_lost >= len(PHASES) - 1, "a pull may come while another is waited for"
    assert session.put_back == "host"
    assert session.differs == ()
    assert rig.leftovers(name) == []


def test_a_cable_pulled_while_phones_are_looked_for_is_asked_again(rig: Rig) -> None:
    with rig.faults(NEW, "drop:match=getprop"):
        found = rig.selection(NEW)
    assert [info.serial for info in found.devices] == [rig.phones[NEW].serial]


def test_a_cable_that_breaks_in_the_middle_of_a_file_pushes_it_anew(rig: Rig) -> None:
    """What was hashed on the phone is what was planned."""
    rig.forget(NEW)
    with by_cable(rig, NEW, Cable(rig.phones[NEW].port, cut_after=1_000_000)) as cable:
        found = select(rig.server, cable.address)
        done = session_on(rig, found)
        assert cable.cuts == 1
    assert_undisturbed(done, says="lost once")


def session_on(rig: Rig, found: object, *, limits: Limits = SHORT_LIMITS, **more: object) -> Session:
    from datetime import datetime

    from devbench import store

    prepared = prepare(more.pop("asked", request("and-gate")), found, now=datetime.now())  # type: ignore[arg-type]
    folder = store.create(rig.folders, f"{prepared.header.run_id}")
    folder.write_header(prepared.header)
    return rig.go(prepared, folder, limits=limits, **more)  # type: ignore[arg-type]


def test_a_phone_that_comes_back_at_another_address_is_known_by_its_name(rig: Rig) -> None:
    """Its job goes on meanwhile; a transport serial is an address and no identity."""
    with by_cable(rig, NEW, Cable(rig.phones[NEW].port)) as first:
        second = Cable(rig.phones[NEW].port)

        def move(event: Event) -> None:
            if isinstance(event, JobStarted) and event.job.pass_name == "latency":
                threading.Thread(target=lambda: (first.pull(), rig.server.connect(second.address))).start()

        found = select(rig.server, first.address)
        done = session_on(rig, found, asked=request("and-gate", bounds=LONG), on_event=move)
        rig.server.disconnect(second.address)
        second.pull()
    assert_undisturbed(done, says="lost once")
    (session,) = done.run.sessions
    assert session.addresses == (first.address, second.address)
    assert session.device == found.devices[0].device


def test_a_slow_link_takes_its_time_and_nothing_else(rig: Rig) -> None:
    """10 MB/s for the engine, and each command 50 ms late: as over a bad Wi-Fi."""
    rig.forget(NEW)
    with by_cable(rig, NEW, Cable(rig.phones[NEW].port, bytes_per_s=10e6)) as cable:
        virtual.set_faults(NEW, ["slow:ms=50"], home=rig.home)
        done = session_on(rig, select(rig.server, cable.address))
    assert_undisturbed(done, says="measured to its end")
    assert done.run.sessions[0].connections_lost == 0


def test_a_hub_that_vanishes_with_its_phones_is_cycled_once_and_nobody_is_lost(rig: Rig) -> None:
    hub_session(rig, Means())


def hub_session(rig: Rig, means: Means) -> None:
    """All phones go in mid-job, and come back after some seconds."""
    gone = threading.Event()

    def vanish(event: Event) -> None:
        if isinstance(event, JobStarted) and event.job.pass_name == "latency" and not gone.is_set():
            gone.set()
            threading.Thread(target=away).start()

    def away() -> None:
        for name in rig.phones:
            virtual.set_faults(name, ["offline"], home=rig.home)
        for name in rig.phones:
            virtual.set_faults(name, (), home=rig.home)

    limits = dataclasses.replace(SHORT_LIMITS, back_within_s=60)
    done = rig.session(request("and-gate", bounds=LONG), limits=limits, on_event=vanish)
    assert_undisturbed(done, says="lost once")
    assert done.outcome.lost == {}
    assert sum(s.connections_lost for s in done.run.sessions) >= len(rig.phones)


@pytest.mark.slow
def test_a_hub_of_eight_phones(rig: Rig) -> None:
    more = (OLD, OLD, NEW, NEW, "samsung-a10", "samsung-a10", "lg-v60", "poco-f6")  # the first OLD and NEW run
    phones = virtual.up(more, server=rig.server.address, home=rig.home)
    added = {phone.name: phone for phone in phones if phone.name not in rig.phones}
    rig.phones |= added
    assert len(rig.phones) == 8
    try:
        hub_session(rig, Means())
    finally:
        for name in added:
            del rig.phones[name]
        virtual.down(list(added), home=rig.home)
