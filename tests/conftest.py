"""What the whole suite has in common: output as for a file, whatever terminal or CI machine it is started from."""

import os

# the first two say how wide and where a terminal is; typer reads the others once, when it is imported
for name in ("COLUMNS", "LINES", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)
