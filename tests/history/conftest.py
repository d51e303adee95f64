"""Makes `made_nights` and the reports' `made_runs` importable: in importlib mode they are not on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "reports"))
