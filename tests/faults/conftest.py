"""The two virtual phones that all tests of faults share, and devbench as a process beside them."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / folder) for folder in ("faults", "session", "cli", "adb", "android_runner")]

if TYPE_CHECKING:
    from rig import Rig
    from started import Devbench


@pytest.fixture(scope="session")
def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Rig"]:
    from rig import shared_phones

    with shared_phones(tmp_path_factory.mktemp("faults-rig")) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: "Rig") -> Iterator["Rig"]:
    """The shared phones, whole again after the test, with nothing running on them."""
    yield shared_rig
    for name in shared_rig.phones:
        shared_rig.mend(name)
        end_s = time.monotonic() + 20
        while shared_rig.processes(name):  # a watchdog looks every few seconds whether it is still needed
            assert time.monotonic() < end_s, shared_rig.processes(name)


@pytest.fixture
def devbench(rig: "Rig", tmp_path: Path) -> "Devbench":
    from started import make_devbench

    return make_devbench(tmp_path, tmp_path / "home", rig.server.address.port)
