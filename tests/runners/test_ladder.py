"""The ladder to a phone that stays away: which step is taken when, what is said, and how it ends."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "adb"))
from fake_server import FakeServer, block, fake_server, packet

from devbench.devices.boot import BOOT_SCRIPT, parse_boot
from devbench.errors import DeviceError, DeviceOffline, DeviceRestarted, NeedsPerson, UsageError
from devbench.runners.base import Limits, Line, Site, Talk
from devbench.runners.means import HubPower, Means
from devbench.runners.patience import again, remember_start, wait_back

LOST = DeviceOffline("device offline", serial="S")
FIRST, SECOND = (f"0000000{n}-0000-4000-8000-000000000000" for n in (1, 2))


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with fake_server() as server:
        server.answer("host:features", "shell_v2")
        server.services["host:tport:serial:S"] = lambda sock: sock.sendall(bytes(8))
        for service in ("host-serial:S:reconnect", "host:reconnect-offline"):
            server.answer(service, "done")
        server.services["reboot:"] = lambda sock: None
        yield server


def states(fake: FakeServer, *told: str) -> None:
    """What the server says of the phone at each look; the last holds on."""
    left = list(told)

    def track(sock: socket.socket) -> None:
        state = left.pop(0) if len(left) > 1 else left[0]
        sock.sendall(block(f"S {state} transport_id:1\n" if state else ""))

    fake.services["host:track-devices-l"] = track


def back_after(fake: FakeServer, service: str) -> None:
    """The phone is offline until it was asked for that."""

    def track(sock: socket.socket) -> None:
        sock.sendall(block(f"S {'device' if service in fake.asked else 'offline'} transport_id:1\n"))

    fake.services["host:track-devices-l"] = track


def boots(fake: FakeServer, *told: tuple[str, str]) -> None:
    """(sys.boot_completed, the kernel's name of the start) at each look; the last holds on."""
    left = list(told)

    def boot(sock: socket.socket) -> None:
        booted, start = left.pop(0) if len(left) > 1 else left[0]
        text = f"== booted\n{booted}\n== start\n{start}\n== first\n"
        sock.sendall(packet(1, text.encode()) + packet(3, b"\0"))

    fake.shell = lambda name: boot if name == f"shell,v2,raw:{BOOT_SCRIPT}" else None


def site(fake: FakeServer, *, means: Means | None = None, back_within_s: float = 20) -> tuple[Site, list[str]]:
    told: list[str] = []
    info: Any = SimpleNamespace(sdk=27, device="pixel-000000")
    talk = Talk(pushed=lambda *_: None, sample=lambda *_: None, said=told.append)
    limits = Limits(back_within_s=back_within_s, boot_within_s=20, step_s=0.001)
    made = Site(phone=fake.server.phone("S"), info=info, stop=threading.Event(), talk=talk, limits=limits,
                means=means or Means(), line=Line(start=FIRST))  # fmt: skip
    return made, told


def test_one_step_after_the_other_until_it_is_back(fake: FakeServer, tmp_path: Path) -> None:
    back_after(fake, "reboot:")
    boots(fake, ("1", FIRST))
    hub = HubPower(f"sh -c 'echo $0 >> {tmp_path / 'cycled'}' {{serial}}")
    where, told = site(fake, means=Means(hub_power=hub, allow_reboot=True))
    wait_back(where, LOST)
    assert where.line.steps == ["reconnect", "reconnect offline", "hub power", "reboot"]
    asked = [name for name in fake.asked if "reconnect" in name or name == "reboot:"]
    assert asked == ["host-serial:S:reconnect", "host:reconnect-offline", "reboot:"]
    assert (tmp_path / "cycled").read_text() == "S\n"
    assert "hub power cycled" in told
    assert (where.line.lost, where.line.restarted) == (1, False)


def test_nothing_is_done_that_was_not_allowed(fake: FakeServer) -> None:
    states(fake, *["offline"] * 9, "device")
    boots(fake, ("1", FIRST))
    where, _ = site(fake)
    wait_back(where, LOST)
    assert where.line.steps == ["reconnect", "reconnect offline"]
    assert "reboot:" not in fake.asked


def test_what_needs_a_person_is_said_once_and_no_step_is_taken(fake: FakeServer) -> None:
    states(fake, "unauthorized")
    where, told = site(fake, back_within_s=0.2)
    with pytest.raises(NeedsPerson, match="has not accepted this computer's key") as caught:
        wait_back(where, LOST)
    assert caught.value.fix is not None
    assert "Allow USB debugging" in caught.value.fix
    assert "--resume" in caught.value.fix
    assert ["Allow USB debugging" in text for text in told] == [True]
    assert where.line.steps == []


def test_a_phone_that_stays_away_tells_for_how_long_and_what_was_tried(fake: FakeServer) -> None:
    states(fake, "")
    where, _ = site(fake, back_within_s=0.2)
    with pytest.raises(DeviceOffline, match=r"not on the adb server.*tried: reconnect.*before: .*device offline"):
        wait_back(where, LOST)


def test_a_phone_that_is_starting_is_waited_for_and_known_as_restarted(fake: FakeServer) -> None:
    """Longer than a lost phone is: Android answers long before it is ready."""
    states(fake, "device")
    boots(fake, ("", SECOND), ("1", SECOND))
    where, told = site(fake)
    with pytest.raises(DeviceRestarted):
        again(where, _failing(LOST))
    assert where.line.restarted
    assert any("it is starting" in text for text in told)
    remember_start(where)
    assert (where.line.start, where.line.restarted) == (SECOND, False)


def _failing(*errors: DeviceError) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def test_phones_that_vanish_with_their_hub_cycle_it_once(tmp_path: Path) -> None:
    hub = HubPower(f"sh -c 'echo x >> {tmp_path / 'cycled'}'")
    threads = [threading.Thread(target=hub.cycle, args=(serial,)) for serial in "ABCDEFGH"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "cycled").read_text() == "x\n"


@pytest.mark.parametrize("command", ["", "uhubctl '"])
def test_a_hub_command_that_is_none_is_a_usage_error(command: str) -> None:
    with pytest.raises(UsageError, match="--hub-power"):
        HubPower(command)


def test_a_hub_command_that_fails_says_so(tmp_path: Path) -> None:
    assert "exit code 3: no such hub" in HubPower("sh -c 'echo no such hub; exit 3'").cycle("S")
    assert "not cycled" in HubPower(str(tmp_path / "none")).cycle("S")


def test_a_start_is_named_by_the_kernel_and_by_the_first_process() -> None:
    """Containers share the kernel's name; phones often hide their first process."""
    stat = "1 (init (x)) S " + " ".join(["0"] * 18) + " 4711 1 2"
    assert parse_boot(f"== booted\n1\n== start\n{FIRST}\n== first\n{stat}\n").start == f"{FIRST}/4711"
    assert parse_boot(f"WARNING: linker\n== booted\n\n== start\n{FIRST}\n== first\n").completed is False
    assert parse_boot("== booted\n== start\n== first\n").start is None
