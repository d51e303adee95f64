"""Makes the helpers of these tests importable: with importlib mode, test folders are not on the path."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [
    str(Path(__file__).parent),
    str(TESTS / "engines"),
    str(TESTS / "history"),
    str(TESTS / "reports"),
]
