"""Makes `made_runs` importable (with importlib mode, test folders are not on the path) and opens a browser."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[object]:
    """A headless Chromium, driven through its pipe; skipped where there is none."""
    from browser_pipe import Browser

    program = next(
        (p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None
    )
    if program is None:
        pytest.skip("no chromium on this machine")
    with Browser(program, tmp_path / "profile") as opened:
        yield opened
