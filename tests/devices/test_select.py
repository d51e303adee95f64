"""From `--device` to phones: who is taken, who is left out, and why."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from probe_texts import ANDROID_5, ANDROID_8

sys.path.insert(0, str(Path(__file__).parents[1] / "adb"))
from fake_server import FakeServer, Service, fake_server, packet

from devbench.devices import select
from devbench.errors import UsageError


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with fake_server() as server:
        yield server


def plug_in(fake: FakeServer, *phones: tuple[str, str, str]) -> None:
    """(serial, state, what its probe prints) each."""
    fake.answer(
        "host:devices-l", "".join(f"{serial:22} {state} transport_id:1\n" for serial, state, _ in phones)
    )
    asked = threading.local()  # phones are probed at the same time, each on connections of its own

    def transport(serial: str) -> Service:
        def remember(sock: socket.socket) -> None:
            asked.serial = serial
            sock.sendall(bytes(8))

        return remember

    for serial, _, _ in phones:
        fake.services[f"host:tport:serial:{serial}"] = transport(serial)
    fake.answer("host:features", "shell_v2")
    texts = {serial: text for serial, _, text in phones}

    def probe(sock: socket.socket) -> None:
        sock.sendall(packet(1, texts[asked.serial].encode()) + packet(3, b"\0"))

    fake.shell = lambda name: probe if name.startswith("shell,v2,raw:(echo '== getprop'") else None


def test_all_usable_phones_and_a_reason_for_each_other(fake: FakeServer) -> None:
    plug_in(
        fake,
        ("A", "device", ANDROID_8),
        ("B", "unauthorized", ""),
        ("C", "offline", ""),
        ("D", "device", "odd"),
    )
    found = select(fake.server)
    assert [info.serial for info in found.devices] == ["A"]
    assert {r.serial: r.state for r in found.rejects} == {
        "B": "unauthorized",
        "C": "offline",
        "D": "unanswering",
    }
    assert all(r.reason and r.fix for r in found.rejects)


def test_one_serial_twice_is_refused_and_never_probed(fake: FakeServer) -> None:
    """A command could reach either of the two."""
    plug_in(fake, ("0123456789ABCDEF", "device", ANDROID_8), ("0123456789ABCDEF", "device", ANDROID_8))
    found = select(fake.server)
    assert found.devices == ()
    assert [r.state for r in found.rejects] == ["ambiguous", "ambiguous"]
    assert not any(name.startswith("shell") for name in fake.asked)


def test_one_phone_on_cable_and_wifi_is_measured_once(fake: FakeServer) -> None:
    plug_in(fake, ("USB1", "device", ANDROID_8), ("192.0.2.9:5555", "device", ANDROID_8))
    found = select(fake.server)
    assert [info.serial for info in found.devices] == ["USB1"]
    (twin,) = found.rejects
    assert (twin.serial, twin.state) == ("192.0.2.9:5555", "twin")
    assert "--device USB1" in twin.fix
    assert [i.serial for i in select(fake.server, "192.0.2.9:5555").devices] == ["192.0.2.9:5555"]


@pytest.mark.parametrize(
    ("spec", "serials"),
    [
        ("all", ["A", "B"]),
        ("A", ["A"]),
        ("model=pixel", ["B"]),
        ("model=a37,B", ["A", "B"]),
        (" B , A ", ["A", "B"]),
    ],
)
def test_a_spec_names_phones(fake: FakeServer, spec: str, serials: list[str]) -> None:
    plug_in(fake, ("A", "device", ANDROID_5), ("B", "device", ANDROID_8))
    assert [info.serial for info in select(fake.server, spec).devices] == serials


def test_a_phone_is_found_by_its_devbench_name(fake: FakeServer) -> None:
    plug_in(fake, ("A", "device", ANDROID_5), ("B", "device", ANDROID_8))
    name = select(fake.server, "B").devices[0].device
    assert [info.serial for info in select(fake.server, name).devices] == ["B"]


def test_a_serial_alone_disturbs_no_other_phone(fake: FakeServer) -> None:
    plug_in(fake, ("A", "device", ANDROID_5), ("B", "device", ANDROID_8))
    select(fake.server, "A")
    assert "host:tport:serial:B" not in fake.asked


def test_what_names_nothing_is_told_together_with_the_phones_it_may_be(fake: FakeServer) -> None:
    plug_in(fake, ("A", "device", ANDROID_5), ("B", "unauthorized", ""))
    found = select(fake.server, "pixel-2-xl-123456")
    assert (found.devices, found.unmatched) == ((), ("pixel-2-xl-123456",))
    assert [r.serial for r in found.rejects] == ["B"]


def test_a_named_phone_that_cannot_be_used_is_the_only_reject(fake: FakeServer) -> None:
    plug_in(fake, ("A", "unauthorized", ""), ("B", "offline", ""))
    found = select(fake.server, "B")
    assert ([r.serial for r in found.rejects], found.unmatched) == (["B"], ())


def test_an_unknown_key_is_a_usage_error_also_without_phones(fake: FakeServer) -> None:
    plug_in(fake)
    with pytest.raises(UsageError, match="unknown key 'modle'"):
        select(fake.server, "modle=Pixel")
