"""Makes `made_runs` of the reports and `webhook` of the nights importable: test folders are not on the path."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "reports"), str(TESTS / "nightly")]
