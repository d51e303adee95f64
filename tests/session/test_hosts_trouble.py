"""What goes wrong on this computer: its adb server, its disk, its few cores."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import pytest
from rig import LONG, NEW, OLD, Rig, request, running_rig

from devbench import virtual
from devbench.adb import Server
from devbench.domain.event import Event, JobEnded, JobStarted
from devbench.errors import StoreError
from devbench.runners.base import Limits


def test_a_server_that_somebody_kills_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`adb kill-server` by another tool, in mid-job: the job goes on on the phone, and is read to its end."""
    if virtual.why_not() is not None:
        pytest.skip("no virtual phones here")
    with running_rig(tmp_path / "own", (NEW,)) as rig:
        rig.folders.mkdir()
        # the server that devbench starts has the key that the phone knows
        monkeypatch.setenv("HOME", str(rig.home / "adb"))
        for name in ("ADB_USB", "ADB_EMU", "ADB_MDNS", "ADB_MDNS_OPENSCREEN"):
            monkeypatch.setenv(name, "0")

        def kill_server(event: Event) -> None:
            if isinstance(event, JobStarted) and event.job.pass_name == "latency":
                killer = Server(rig.server.address)
                killer.started_by_us = True
                threading.Thread(target=killer.stop).start()

        try:
            done = rig.session(request("and-gate", bounds=LONG), on_event=kill_server)
            done.assert_complete()
            assert done.statuses() == ["ok", "ok"]
            assert rig.server.started_by_us
        finally:
            rig.server.stop()


def test_results_that_cannot_be_kept_any_more_end_the_work_on_all_phones(rig: Rig) -> None:
    """Measuring on would lose everything; the phones are left clean."""
    folders: list[Path] = []
    once = threading.Lock()  # phones have threads of their own; a second time /dev/full would be what was kept

    def fill_disk(event: Event) -> None:
        if isinstance(event, JobEnded) and once.acquire(blocking=False):
            (folder,) = {p.parent for p in rig.folders.glob("*/records.jsonl")} - before
            folders.append(folder)
            (folder / "records.jsonl").rename(folder / "kept.jsonl")
            (folder / "records.jsonl").symlink_to("/dev/full")

    before = {p.parent for p in rig.folders.glob("*/records.jsonl")}
    with pytest.raises(StoreError, match=r"records\.jsonl cannot be written: No space left on device"):
        rig.session(request("and-gate", rounds=20), on_event=fill_disk)
    assert (folders[0] / "kept.jsonl").read_text().count("\n") == 1
    assert rig.leftovers(OLD) == rig.leftovers(NEW) == []


@pytest.mark.slow
def test_waiting_for_a_core_is_not_taken_for_a_hang(rig: Rig) -> None:
    """Where phones share a core their jobs queue: longer than the silence that would be a hang."""
    (third,) = virtual.up(["samsung-a10"], server=rig.server.address, home=rig.home)
    (fourth,) = virtual.up(["lg-v60"], server=rig.server.address, home=rig.home)
    rig.phones |= {third.name: third, fourth.name: fourth}
    try:
        bounds = dataclasses.replace(LONG, steady_min_ms=2500, steady_max_n=10**7)
        done = rig.session(request("and-gate", bounds=bounds), limits=Limits(silence_s=2.0, start_s=60))
        done.assert_complete()
        assert done.statuses() == ["ok"] * 8
    finally:
        for name in (third.name, fourth.name):
            del rig.phones[name]
        virtual.down([third.name, fourth.name], home=rig.home)
