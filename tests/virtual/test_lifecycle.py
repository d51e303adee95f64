"""Phones come up, are found again, keep their files and addresses, and let only their owner in."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench import virtual
from devbench.virtual import VirtualPhoneError
from devbench.virtual.records import is_locked
from tests.virtual.conftest import Lab


def wait_until(holds: Callable[[], bool]) -> None:
    """For what follows from an event but at the kernel's leisure."""
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit


def host_commands() -> list[bytes]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes())
    return found


@pytest.fixture(scope="module")
def own(make_lab: Callable[[str | None], Lab]) -> Lab:
    return make_lab(None)


def test_an_unknown_phone_is_refused_with_the_nearest_name(own: Lab) -> None:
    with pytest.raises(VirtualPhoneError, match="did you mean pixel-2-xl"):
        own.up("pixel2xl")


def test_an_unknown_fault_is_refused_before_anything_starts(own: Lab) -> None:
    with pytest.raises(VirtualPhoneError, match="no fault is called 'hangs'"):
        own.up("poco-f6", faults=["hangs"])
    assert "poco-f6" not in [phone.name for phone in virtual.running(home=own.home)]


def test_a_running_phone_is_used_again(own: Lab) -> None:
    first = own.up("samsung-a10")
    assert own.up("samsung-a10") == first
    assert first[0] in virtual.running(home=own.home)


def test_a_second_phone_of_a_profile_is_another_phone(own: Lab) -> None:
    first, second = own.up("samsung-a10", "samsung-a10")
    assert (first.name, second.name) == ("samsung-a10", "samsung-a10-2")
    assert first.serialno != second.serialno
    assert own.shell(second, "getprop ro.serialno").strip() == second.serialno
    virtual.down(["samsung-a10-2"], home=own.home)


def test_it_outlives_its_starter_and_is_found_again(own: Lab) -> None:
    code = (
        "from pathlib import Path; from devbench import virtual; from devbench.adb import ServerAddress\n"
        f"server, home = ServerAddress(port={own.server.port}), Path({str(own.home)!r})\n"
        "print(virtual.up(['lg-v60'], server=server, home=home)[0].pid)"
    )
    root = Path(virtual.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    found = next(phone for phone in virtual.running(home=own.home) if phone.name == "lg-v60")
    assert found.pid == int(done.stdout)
    assert own.shell(found, "getprop ro.product.model") == "LM-V600\n"


def test_files_and_address_survive_down_and_up(own: Lab) -> None:
    (phone,) = own.up("samsung-a10")
    own.shell(phone, "echo kept > /data/local/tmp/kept; settings put global x 1")
    virtual.down([phone.serial], home=own.home)
    assert phone.name not in [other.name for other in virtual.running(home=own.home)]
    assert phone.serial.encode() not in own.run(None, "devices").stdout
    (again,) = own.up("samsung-a10")
    assert (again.serial, again.pid != phone.pid) == (phone.serial, True)
    assert own.shell(again, "cat /data/local/tmp/kept; settings get global x") == "kept\n1\n"


def test_what_ran_in_a_killed_phone_is_gone_too(own: Lab) -> None:
    (phone,) = own.up("samsung-a10")
    own.shell(phone, "sleep 12345 > /dev/null 2>&1 &")
    os.kill(phone.pid, signal.SIGKILL)
    wait_until(lambda: not is_locked(own.home / "phones" / phone.name))
    wait_until(lambda: b"sleep\x0012345\x00" not in host_commands())
    (again,) = own.up("samsung-a10")
    assert own.shell(again, "echo well") == "well\n"


def first_process(daemon: int) -> int | None:
    """The phone's process 1, as the host numbers it: a grandchild of the daemon."""
    for path in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":", 1) for line in path.read_text().splitlines() if ":" in line)
            if fields["NSpid"].split()[1:] == ["1"]:
                parent = (
                    Path(f"/proc/{fields['PPid'].strip()}/stat").read_text().rpartition(")")[2].split()[1]
                )
                if int(parent) == daemon:
                    return int(path.parent.name)
    return None


def test_a_phone_that_crashes_starts_again(own: Lab) -> None:
    (phone,) = own.up("samsung-a10")
    own.shell(phone, "touch /data/local/tmp/kept")
    crashed = first_process(phone.pid)
    assert crashed is not None
    os.kill(crashed, signal.SIGKILL)
    wait_until(lambda: first_process(phone.pid) not in (None, crashed))
    assert own.up("samsung-a10") == (phone,)
    assert own.shell(phone, "ls /data/local/tmp/kept") == "/data/local/tmp/kept\n"


def test_stopping_a_phone_that_is_not_there_is_an_error(own: Lab) -> None:
    with pytest.raises(VirtualPhoneError, match="no virtual phone 'nobody' is running"):
        virtual.down(["nobody"], home=own.home)


def test_another_key_stays_unauthorized(own: Lab, make_lab: Callable[[str | None], Lab]) -> None:
    (phone,) = own.up("samsung-a10")
    stranger = make_lab(None)
    stranger.run(None, "connect", phone.serial)
    lines = stranger.run(None, "devices").stdout.decode().splitlines()
    assert f"{phone.serial}\tunauthorized" in lines
    refused = stranger.run(phone, "shell", "id")
    assert refused.returncode != 0
    assert b"uid=" not in refused.stdout
    assert own.shell(phone, "echo still mine") == "still mine\n"


def test_it_listens_on_loopback_only(own: Lab) -> None:
    (phone,) = own.up("samsung-a10")
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{phone.port:04X}")]
    assert listening == [f"0100007F:{phone.port:04X}"]


def test_the_private_server_is_found_again_and_has_a_key_of_its_own(own: Lab) -> None:
    assert virtual.private_server(home=own.home) == own.server
    assert (own.home / "adb/.android/adbkey.pub").exists()


def test_a_detached_process_survives_the_end_of_its_stream(own: Lab) -> None:
    (phone,) = own.up("samsung-a10")
    command = [own.adb, "-P", str(own.server.port), "-s", phone.serial, "shell"]
    inner = "echo $$ > /data/local/tmp/inner; while [ ! -e /data/local/tmp/stop ]; do sleep 0.05; done; "
    inner += "echo done > /data/local/tmp/end"
    with subprocess.Popen(
        [*command, f"setsid sh -c '{inner}' & sleep 600"], stdin=subprocess.DEVNULL
    ) as started:
        own.shell(phone, "while [ ! -s /data/local/tmp/inner ]; do sleep 0.05; done")
        started.kill()
    own.shell(phone, "while pgrep -x sleep -f 600 > /dev/null; do sleep 0.05; done")
    own.shell(phone, "touch /data/local/tmp/stop; while [ ! -e /data/local/tmp/end ]; do sleep 0.05; done")
    assert own.shell(phone, "cat /data/local/tmp/end") == "done\n"


def test_an_attached_command_ends_with_its_stream(own: Lab) -> None:
    (phone,) = own.up("samsung-a10")
    command = [own.adb, "-P", str(own.server.port), "-s", phone.serial, "shell", "echo $$; exec sleep 4321"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        pid = int(started.stdout.readline())
        started.kill()
    assert own.shell(phone, f"while [ -e /proc/{pid} ]; do sleep 0.05; done; echo ended") == "ended\n"


def test_two_phones_have_cores_of_their_own_where_there_are_enough(own: Lab) -> None:
    first, second = own.up("samsung-a10", "lg-v60")
    masks = [
        own.shell(phone, "grep Cpus_allowed_list /proc/self/status").split()[1] for phone in (first, second)
    ]
    assert all(mask.isdigit() for mask in masks)
    if len(os.sched_getaffinity(0)) >= len(virtual.running(home=own.home)):
        assert masks[0] != masks[1]
