"""Makes `cut_phone` and the fake adb server importable (with importlib mode, test folders are not on the path)."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "adb")]
