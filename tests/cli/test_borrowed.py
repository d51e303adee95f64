"""Who stops the virtual phones of a run: the last run that uses them, also after one that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rig import NEW, OLD

from devbench import virtual

if (WHY := virtual.why_not()) is not None:
    pytest.skip(WHY, allow_module_level=True)

from devbench.virtual.borrowed import borrowed


def names(home: Path) -> set[str]:
    return {phone.name for phone in virtual.running(home=home)}


def test_the_last_of_two_runs_stops_the_phones(tmp_path: Path) -> None:
    with borrowed([OLD], home=tmp_path) as first:
        with borrowed([OLD, NEW], home=tmp_path) as second:
            assert first.server == second.server
            assert first.phones[0] == second.phones[0]
        assert names(tmp_path) == {OLD, NEW}, "the other run may still be measuring"
    assert names(tmp_path) == set()
    assert not (tmp_path / "server.json").exists()


def test_a_phone_that_was_up_before_stays_up(tmp_path: Path) -> None:
    address = virtual.private_server(home=tmp_path)
    try:
        virtual.up([NEW], server=address, home=tmp_path)
        with borrowed([OLD, NEW], home=tmp_path):
            assert names(tmp_path) == {OLD, NEW}
        assert names(tmp_path) == {NEW}
    finally:
        virtual.down(None, home=tmp_path)
        virtual.stop_private_server(home=tmp_path)


def test_phones_of_a_killed_run_are_found_again_and_then_stopped(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from devbench.virtual.borrowed import borrowed\n"
        f"with borrowed([{NEW!r}], home=Path({str(tmp_path)!r})) as b: print(b.phones[0].pid, flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.communicate()
    with borrowed([NEW], home=tmp_path) as found:
        assert found.phones[0].pid == pid
    assert names(tmp_path) == set()
