"""Makes `made_runs` importable (with importlib mode, test folders are not on the path) and opens a browser."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from browser_pipe import browser

__all__ = ["browser"]
