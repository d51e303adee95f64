"""Four large files travel at once from a host, whatever number of phones, threads and processes wait."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from devbench.adb import PushSlots
from devbench.adb.push_slots import LARGE_BYTES, MOST_AT_ONCE


class Left(Exception):
    pass


def nothing() -> None:
    pass


def leave() -> None:
    raise Left


def takers(slots: PushSlots, count: int) -> int:
    """How many of `count` threads were inside at once, when each waited to see a crowd of more than four."""
    inside, most = 0, 0
    changed = threading.Condition()

    def take() -> None:
        nonlocal inside, most
        with slots.taken(LARGE_BYTES, nothing):
            with changed:
                inside += 1
                most = max(most, inside)
                changed.notify_all()
                changed.wait_for(lambda: most >= MOST_AT_ONCE, timeout=10)
            with changed:
                inside -= 1

    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(take) for _ in range(count)]:
            future.result()
    return most


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path / "pushes"])
def test_four_at_once(tmp_path: Path, make: Callable[[Path], Path | None]) -> None:
    assert takers(PushSlots(make(tmp_path)), 12) == MOST_AT_ONCE


def test_whoever_waits_can_leave_and_small_files_never_wait(tmp_path: Path) -> None:
    slots = PushSlots(tmp_path)
    with ExitStack() as stack:
        for _ in range(MOST_AT_ONCE):
            stack.enter_context(slots.taken(LARGE_BYTES, nothing))
        with pytest.raises(Left), slots.taken(LARGE_BYTES, leave):
            pytest.fail("a fifth place")
        with pytest.raises(Left), PushSlots(tmp_path).taken(LARGE_BYTES, leave):
            pytest.fail("another process has places of its own")
        with slots.taken(LARGE_BYTES - 1, leave):
            pass
    with slots.taken(LARGE_BYTES, leave):
        pass


def test_a_process_that_dies_frees_its_places(tmp_path: Path) -> None:
    code = (
        "import sys; from contextlib import ExitStack; from pathlib import Path\n"
        "from devbench.adb import PushSlots\n"
        f"slots, stack = PushSlots(Path({str(tmp_path)!r})), ExitStack()\n"
        f"for _ in range({MOST_AT_ONCE}): stack.enter_context(slots.taken({LARGE_BYTES}, lambda: None))\n"
        "print('taken', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "taken\n"
    slots = PushSlots(tmp_path)
    with pytest.raises(Left), slots.taken(LARGE_BYTES, leave):
        pytest.fail("a place while the other has all")
    other.kill()
    other.communicate()
    with slots.taken(LARGE_BYTES, leave):
        pass
