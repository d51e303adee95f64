"""The two virtual phones that all tests of sessions share."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "android_runner")]

if TYPE_CHECKING:
    from rig import Rig


@pytest.fixture(scope="session")
def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Rig"]:
    from rig import running_rig

    from devbench import virtual

    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    pytest.importorskip("ai_edge_litert")
    with running_rig(tmp_path_factory.mktemp("rig")) as rig:
        (rig.folders).mkdir()
        yield rig


@pytest.fixture
def rig(shared_rig: "Rig") -> Iterator["Rig"]:
    """The shared phones, whole again after the test, with nothing running on them."""
    yield shared_rig
    for name in shared_rig.phones:
        shared_rig.mend(name)
        assert shared_rig.processes(name) == []
        assert shared_rig.leftovers(name) == []
