"""Labs of processes on this computer: a scheduler, agents with homes, adb servers and phones of their own."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / name) for name in ("lab", "cli", "session", "engines", "reports")]
