"""Makes `made_nights` and what the reports' tests have importable: in importlib mode they are not on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "reports"))

from browser_pipe import browser

__all__ = ["browser"]
