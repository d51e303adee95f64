"""What the whole suite has in common: it says and finds the same on a slow, busy computer with any terminal."""

import gc
import os

from hypothesis import settings

# the first two say how wide and where a terminal is; typer reads the others once, when it is imported
for name in ("COLUMNS", "LINES", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)

settings.register_profile("devbench", deadline=None)
settings.load_profile("devbench")


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no collection of garbage needs to look at them again."""
    gc.freeze()
