"""Clocks that a phone takes back: asked, read back around every process, and told with every number."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cpufreq import CpuFiles
from rig import BRIEF, NEW, Rig, phones_or_skip, request

from devbench.domain.event import Event, JobStarted
from devbench.domain.job import Profile
from devbench.graph.model_file import read_variant
from devbench.session import RunRequest
from devbench.summary import summarise

sys.path[:0] = [str(Path(__file__).parents[1] / "engines")]
import paced  # noqa: E402

STEPS = (300_000, 900_000, 1_200_000, 1_500_000)
LOCKED, FREE = (1_200_000, 1_200_000), (300_000, 1_500_000)


# there is no mount command inside; setns wants a process of one thread
_BIND = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
space, source, over = sys.argv[1:]
if libc.setns(os.open(space, os.O_RDONLY), 0) or libc.mount(source.encode(), over.encode(), None, 4096, None):
    sys.exit(os.strerror(ctypes.get_errno()))
"""


class Board:
    """A phone with root and cpufreq: files in the place of the kernel's that every shell of it may write."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.base = rig.phones[NEW].root / "data" / "board"
        self.cpus = CpuFiles(self.base / "cpu", dict.fromkeys(range(os.cpu_count() or 1), STEPS[-1]), STEPS)
        for name in ("online", "possible", "present"):
            shutil.copy(f"/sys/devices/system/cpu/{name}", self.cpus.folder / name)
        for path in self.cpus.folder.rglob("scaling_*"):
            path.chmod(0o666)
        root = self.base / "id"
        root.write_text("#!/system/bin/sh\necho 'uid=0(root) gid=0(root)'\n")
        root.chmod(0o755)
        self._lay(self.cpus.folder, "/sys/devices/system/cpu")
        self._lay(root, "/system/bin/id")

    def _lay(self, source: Path, over: str) -> None:
        """Into the phone's own mounts, where `source` lies below /data."""
        inside = f"/data/{source.relative_to(self.rig.phones[NEW].root / 'data')}"
        keeper = self.rig.phones[NEW].pid
        (child,) = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        subprocess.run([sys.executable, "-c", _BIND, f"/proc/{child}/ns/mnt", inside, over], check=True)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    if os.geteuid() != 0:
        pytest.skip("laying files over a phone's /sys takes root")
    with phones_or_skip(tmp_path / "rig", (NEW,)) as rig:
        yield Board(rig)


def asked(folder: Path) -> RunRequest:
    engine = paced.build_paced(folder)
    model = read_variant(paced.write_paced(folder / "m.tflite", latency_us=500))
    profile = Profile(name="test", rounds=2, bounds=BRIEF, passes=("latency",))
    return request(
        model, rounds=2, profile=profile, tweaks=("clock-lock",), engines=(f"tflite={engine}",),
        delegates=("none",),
    )  # fmt: skip


def at_each_start(do: Callable[[], object]) -> Callable[[Event], None]:
    return lambda event: do() if isinstance(event, JobStarted) else None


def test_a_lock_that_is_taken_back_marks_every_number_and_its_state_says_free(
    board: Board, tmp_path: Path
) -> None:
    done = board.rig.session(asked(tmp_path), NEW, on_event=at_each_start(lambda: board.cpus.put(*FREE)))
    done.assert_complete()
    assert all("CLOCK-NOT-HELD" in {t.id for t in m.taints} for m in done.run.measurements)
    assert {s.verdict for s in summarise(done.run)} == {"tainted"}
    (told,) = done.run.sessions
    assert any(change.startswith("clock-lock: cpu0: 300000-1500000 kHz") for change in told.changed)


def test_a_lock_that_holds_is_said_and_the_limits_are_put_back(board: Board, tmp_path: Path) -> None:
    during: list[set[tuple[int, int]]] = []

    def look() -> None:
        board.cpus.follow()
        during.append(set(board.cpus.limits()))

    done = board.rig.session(asked(tmp_path), NEW, on_event=at_each_start(look))
    done.assert_complete()
    assert during == [{LOCKED}, {LOCKED}]
    assert not any("CLOCK-NOT-HELD" in {t.id for t in m.taints} for m in done.run.measurements)
    assert set(board.cpus.limits()) == {FREE}
