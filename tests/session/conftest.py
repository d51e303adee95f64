"""The two virtual phones that all tests of sessions share."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "session"), str(TESTS / "android_runner"), str(TESTS)]

if TYPE_CHECKING:
    from rig import Rig


@pytest.fixture(scope="session")
def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Rig"]:
    from rig import shared_phones

    with shared_phones(tmp_path_factory.mktemp("rig")) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: "Rig") -> Iterator["Rig"]:
    """The shared phones, whole again after the test, with nothing running on them."""
    yield shared_rig
    for name in shared_rig.phones:
        shared_rig.mend(name)
        assert shared_rig.processes(name) == []
        assert shared_rig.leftovers(name) == []


@pytest.fixture(scope="package")
def android(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Rig"]:
    """A phone with Android's own linker and libc (env DEVBENCH_RIG, root)."""
    from rig import Rig

    from devbench import virtual
    from devbench.adb import Server

    if (why := virtual.why_not()) is not None:
        pytest.skip(why)
    base = tmp_path_factory.mktemp("android")
    tree, home = base / "tree", base / "home"
    tree.mkdir()
    archive = Path(os.environ["DEVBENCH_RIG"]) / "bionic-x86_64.tar.xz"
    subprocess.run(["tar", "-xJf", archive, "-C", tree], check=True)
    (base / "runs").mkdir()
    address = virtual.private_server(home=home)
    try:
        (phone,) = virtual.up((), server=address, home=home, tree=tree)
        yield Rig(home=home, server=Server(address), phones={"android": phone}, folders=base / "runs")
    finally:
        virtual.down(None, home=home)
        virtual.stop_private_server(home=home)
