"""The command line as a user starts it: processes with a home, phones and an adb server of their own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "cli"), str(TESTS / "session"), str(TESTS / "adb"), str(TESTS / "android_runner")]

if TYPE_CHECKING:
    from fake_server import FakeServer
    from rig import Rig
    from started import Devbench


@pytest.fixture(scope="session")
def shared_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Rig"]:
    from rig import shared_phones

    with shared_phones(tmp_path_factory.mktemp("cli-rig")) as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: "Rig") -> Iterator["Rig"]:
    """The shared phones, whole again after the test, with nothing running on them."""
    yield shared_rig
    for name in shared_rig.phones:
        shared_rig.mend(name)
        assert shared_rig.processes(name) == []


@pytest.fixture
def devbench(rig: "Rig", tmp_path: Path) -> "Devbench":
    """devbench whose adb server is the one of the shared phones."""
    from started import make_devbench

    return make_devbench(tmp_path, rig.home.parent / "cli-home", rig.server.address.port)


@pytest.fixture
def no_phones() -> Iterator["FakeServer"]:
    """An adb server that sees no phone."""
    from fake_server import fake_server

    with fake_server() as fake:
        fake.answer("host:devices-l", "")
        fake.answer("host:version", "0029")
        yield fake


@pytest.fixture
def lonely(no_phones: "FakeServer", tmp_path: Path) -> "Devbench":
    """devbench without a phone."""
    from started import make_devbench

    return make_devbench(tmp_path, tmp_path / "home", no_phones.port)
