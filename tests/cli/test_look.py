"""`devbench devices` and `devbench doctor`: what is there, what is wrong, and what to do about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rig import NEW, OLD, Rig
from started import Devbench

from devbench import virtual

if TYPE_CHECKING:
    from fake_server import FakeServer


def test_devices_are_listed_for_people_and_for_scripts(devbench: Devbench, rig: Rig) -> None:
    done = devbench("devices")
    assert done.returncode == 0
    for part in ("Pixel 2 XL", "A37fw", "VIRTUAL", "linux-", rig.phones[NEW].serial):
        assert part in done.stdout
    data = json.loads(devbench("devices", "--json").stdout)
    assert {d["model"] for d in data["devices"]} == {"Pixel 2 XL", "A37fw"}
    assert data["rejects"] == data["unmatched"] == []


def test_each_phone_that_cannot_be_used_has_its_way_out(lonely: Devbench, no_phones: FakeServer) -> None:
    no_phones.answer(
        "host:devices-l",
        "R58M           unauthorized transport_id:1\nX1   no permissions (user [x] in plugdev group); see [http://y]\n"
        "D              device transport_id:2\nD              device transport_id:3\n",
    )
    done = lonely("devices")
    assert done.returncode == 3
    parts = (
        "R58M [unauthorized]",
        "Allow USB debugging",
        "X1 [no permissions]",
        "udev",
        "D [ambiguous]",
        "unplug",
    )
    for part in parts:
        assert part in done.stdout
    data = json.loads(lonely("devices", "--json").stdout)
    assert [r["state"] for r in data["rejects"]] == [
        "unauthorized",
        "no permissions",
        "ambiguous",
        "ambiguous",
    ]
    checks = doctor(lonely)
    assert checks["phone R58M"]["status"] == "problem"
    assert "Allow USB debugging" in checks["phone R58M"]["fix"]


def doctor(devbench: Devbench, *arguments: object) -> dict[str, Any]:
    done = devbench("doctor", "--json", *arguments)
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def test_doctor_looks_at_everything_a_run_needs(devbench: Devbench, rig: Rig) -> None:
    checks = doctor(devbench, "--device", rig.phones[OLD].serial)
    device = rig.device(OLD)
    for name in ("adb", "adb server", "runners", "engine litert", "TensorFlow", "virtual phones", "results", "disk",
                 "USB permissions", f"phone {device}", f"phone {device} storage"):  # fmt: skip
        assert checks[name]["found"], name
    assert checks[f"phone {device}"]["status"] == "ok"
    assert checks[f"phone {device} storage"]["status"] == "ok"
    assert not (devbench.folder / "results").exists()


def test_doctor_leaves_nothing_on_a_phone_but_content(devbench: Devbench, rig: Rig) -> None:
    rig.forget(NEW)
    assert doctor(devbench)[f"phone {rig.device(NEW)}"]["status"] == "ok"
    phone = rig.phone(NEW)
    assert phone.shell("ls /data/local/tmp/devbench").stdout.split() == ["cas"]
    assert len(phone.shell("ls /data/local/tmp/devbench/cas").stdout.split()) == 1


def test_doctor_says_why_a_phone_executes_nothing(devbench: Devbench, rig: Rig) -> None:
    rig.forget(NEW)
    with rig.faults(NEW, "noexec"):
        done = devbench("doctor")
    assert done.returncode == 1
    assert "PROBLEM" in done.stdout
    assert "noexec" in done.stdout


def test_doctor_sees_a_full_phone(devbench: Devbench, rig: Rig) -> None:
    with rig.faults(NEW, "disk-full:bytes=300000"):
        check = doctor(devbench, "--device", rig.phones[NEW].serial)[f"phone {rig.device(NEW)} storage"]
    assert check["status"] == "problem"
    assert "rm -r /data/local/tmp/devbench" in check["fix"]


def test_doctor_starts_no_virtual_phone(lonely: Devbench) -> None:
    lonely("doctor", "--device", "virtual")
    home = lonely.folder / "home" / "virtual"
    assert not home.exists() or virtual.running(home=home) == ()
