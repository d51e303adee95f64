"""Makes `asking` importable, and lends the labs of the tests of virtual phones."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from tests.virtual.conftest import allowed, make_lab

__all__ = ["allowed", "make_lab"]
