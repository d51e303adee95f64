"""Each fault does what it says, and ends when it is taken away."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench import virtual
from devbench.virtual import VirtualPhone, VirtualPhoneError
from devbench.virtual.faults import parse_fault, parse_faults
from tests.virtual.conftest import Lab


@pytest.fixture(scope="module")
def faulty(make_lab: Callable[[str | None], Lab]) -> Lab:
    return make_lab(None)


@pytest.fixture
def phone(faulty: Lab) -> VirtualPhone:
    """Without any fault."""
    (phone,) = virtual.running(home=faulty.home) or faulty.up("pixel-2-xl")
    virtual.set_faults(phone.name, [], home=faulty.home)
    faulty.up("pixel-2-xl")
    return phone


def state(lab: Lab, phone: VirtualPhone) -> str:
    lines = lab.run(None, "devices").stdout.decode().splitlines()
    return next((line.split("\t")[1] for line in lines if line.startswith(phone.serial)), "absent")


def test_a_spec_is_a_name_with_options_that_may_hold_commas() -> None:
    fault = parse_fault("slow:match=a{1,2},b=c,ms=30")
    assert fault.values == {"match": "a{1,2},b=c", "ms": "30"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("hung", "try hang"),
        ("drop:afer=3", "its options: match, after, times"),
        ("offline:now=1", "its options: none"),
        ("hang:match=(", "regular expression"),
    ],
)
def test_a_wrong_spec_names_what_is_right(spec: str, says: str) -> None:
    with pytest.raises(VirtualPhoneError, match=says):
        parse_faults([spec])


def test_drop_ends_the_connection_once(faulty: Lab, phone: VirtualPhone) -> None:
    virtual.set_faults(phone.name, ["drop:after=2"], home=faulty.home)
    assert faulty.run(phone, "shell", "echo one").returncode == 0
    assert faulty.run(phone, "shell", "echo two").stdout == b""
    faulty.up("pixel-2-xl")
    assert faulty.run(phone, "shell", "echo three").stdout == b"three\n"


def test_offline_and_unauthorized_show_as_such(faulty: Lab, phone: VirtualPhone) -> None:
    for name in ("unauthorized", "offline"):
        faulty.run(None, "disconnect", phone.serial)
        virtual.set_faults(phone.name, [name], home=faulty.home)
        command = [faulty.adb, "-P", str(faulty.server.port), "connect", phone.serial]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as connecting:
            # a connection that is being made is `offline` for a moment, whatever it becomes
            while (seen := state(faulty, phone)) != name and connecting.poll() is None:
                pass
            assert name in (seen, state(faulty, phone))
            connecting.kill()
    faulty.run(None, "disconnect", phone.serial)


def test_a_full_disk_refuses_and_is_itself_again(faulty: Lab, phone: VirtualPhone, tmp_path: Path) -> None:
    faulty.shell(phone, "cd /data/local/tmp; echo before > before; mkdir -m 750 d; echo x > d/x")
    look = "cd /data/local/tmp; stat -c '%a %u %n' . d d/x"
    modes = faulty.shell(phone, look)
    virtual.set_faults(phone.name, ["disk-full:bytes=100000"], home=faulty.home)
    assert faulty.shell(phone, "cat /data/local/tmp/before") == "before\n", "a full disk loses nothing"
    assert faulty.shell(phone, look) == modes
    (tmp_path / "f").write_bytes(bytes(300_000))
    pushed = faulty.run(phone, "push", str(tmp_path / "f"), "/data/local/tmp/f")
    assert pushed.returncode != 0
    assert b"No space left on device" in pushed.stderr + pushed.stdout
    assert "No space left" in faulty.shell(phone, "cat /dev/zero 2>&1 > /data/local/tmp/z")
    virtual.set_faults(phone.name, [], home=faulty.home)
    assert faulty.run(phone, "push", str(tmp_path / "f"), "/data/local/tmp/f").returncode == 0
    assert faulty.shell(phone, "cat /data/local/tmp/before") == "before\n"


def test_noexec_runs_nothing_that_was_pushed(faulty: Lab, phone: VirtualPhone) -> None:
    faulty.shell(phone, "cp /system/bin/true /data/local/tmp/program; chmod 755 /data/local/tmp/program")
    assert faulty.run(phone, "shell", "/data/local/tmp/program").returncode == 0
    virtual.set_faults(phone.name, ["noexec"], home=faulty.home)
    refused = faulty.run(phone, "shell", "/data/local/tmp/program")
    assert (refused.returncode, b"Permission denied" in refused.stderr) == (126, True)
    virtual.set_faults(phone.name, [], home=faulty.home)
    assert faulty.run(phone, "shell", "/data/local/tmp/program").returncode == 0


def test_hang_touches_matching_commands_only(faulty: Lab, phone: VirtualPhone) -> None:
    virtual.set_faults(phone.name, ["hang:match=^dumpsys"], home=faulty.home)
    with pytest.raises(subprocess.TimeoutExpired):
        faulty.run(phone, "shell", "dumpsys battery", timeout_s=0.5)
    assert faulty.run(phone, "shell", "echo dumpsys").stdout == b"dumpsys\n"


def test_garbage_comes_first(faulty: Lab, phone: VirtualPhone) -> None:
    virtual.set_faults(phone.name, ["garbage:match=getprop,text=\\xff\\0noise\\n"], home=faulty.home)
    assert faulty.run(phone, "shell", "getprop ro.product.model").stdout == b"\xff\0noise\nPixel 2 XL\n"
    assert faulty.run(phone, "shell", "echo clean").stdout == b"clean\n"


def test_slow_starts_late(faulty: Lab, phone: VirtualPhone) -> None:
    virtual.set_faults(phone.name, ["slow:match=uptime,ms=100000"], home=faulty.home)
    with pytest.raises(subprocess.TimeoutExpired):
        faulty.run(phone, "shell", "uptime", timeout_s=0.5)
    assert faulty.run(phone, "shell", "echo soon").stdout == b"soon\n"


def test_a_fault_may_be_set_at_the_start(faulty: Lab) -> None:
    (phone,) = faulty.up("poco-f6", faults=["noexec"])
    faulty.shell(phone, "cp /system/bin/true /data/local/tmp/program")
    assert faulty.run(phone, "shell", "/data/local/tmp/program").returncode == 126
    virtual.down([phone.name], home=faulty.home)
