"""Makes the fake adb server importable (with importlib mode, test folders are not on the path)."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from fake_server import FakeServer


@pytest.fixture
def fake() -> Iterator["FakeServer"]:
    """An adb server that knows what the test told it."""
    from fake_server import fake_server

    with fake_server() as server:
        yield server
