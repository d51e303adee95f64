"""One devbench a phone at a time: whoever else wants it is told who has it, and the dead hold nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from probe_texts import ANDROID_8

from devbench.devices import Selection, leased
from devbench.devices.lease import holders
from devbench.devices.probe import read_info

# an address of this process, since the kernel's names are those of the whole host
PHONE = read_info(ANDROID_8, serial=f"TEST-{os.getpid()}", shell_v2=True)
ONLY = Selection(devices=(PHONE,), rejects=())
HOLD = """
import sys; from pathlib import Path
from test_lease import leased, only
with leased(Path(sys.argv[1]), only(sys.argv[2])): print("held", flush=True); sys.stdin.read()
"""


def only(serial: str) -> Selection:
    return Selection(devices=(read_info(ANDROID_8, serial=serial, shell_v2=True),), rejects=())


def other_process(folder: Path) -> subprocess.Popen[str]:
    """One that holds the phone, until its input ends."""
    here = Path(__file__).parent
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), PHONE.serial], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": f"{here}:{here.parents[1]}"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_who_holds_a_phone_and_since_when_is_told(tmp_path: Path) -> None:
    with leased(tmp_path, ONLY):
        (holder,) = holders(tmp_path).values()
        assert holder.pid == os.getpid()
        assert holder.since is not None
        with leased(tmp_path, ONLY) as second:
            assert second.devices == ()
            (busy,) = second.rejects
            assert busy.state == "busy"
            assert f"process {os.getpid()}" in busy.reason
            assert holder.since in busy.reason
    assert holders(tmp_path) == {}


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    """Its file still names it; nobody has to break anything."""
    process = other_process(tmp_path)
    assert holders(tmp_path)[PHONE.device].pid == process.pid
    process.kill()
    process.communicate()
    assert json.loads((tmp_path / f"{PHONE.device}.json").read_text())["pid"] == process.pid
    assert holders(tmp_path) == {}
    with leased(tmp_path, ONLY) as mine:
        assert mine.devices == (PHONE,)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of the kernel's own")
def test_another_home_or_user_of_this_host_is_seen_too(tmp_path: Path) -> None:
    process = other_process(tmp_path / "theirs")
    try:
        with leased(tmp_path / "ours", ONLY) as mine:
            assert mine.devices == ()
            assert f"process {process.pid}" in mine.rejects[0].reason
    finally:
        process.communicate()
    with leased(tmp_path / "ours", ONLY) as mine:
        assert mine.devices == (PHONE,)
