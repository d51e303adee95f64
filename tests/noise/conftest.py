"""Makes the reports' `made_runs` importable: with importlib mode, test folders are not on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "reports"))
