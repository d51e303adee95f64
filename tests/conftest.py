"""What the whole suite has in common: output as for a file, whatever terminal or CI machine it is started from."""

import gc
import os

# the first two say how wide and where a terminal is; typer reads the others once, when it is imported
for name in ("COLUMNS", "LINES", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no collection of garbage needs to look at them again."""
    gc.freeze()
