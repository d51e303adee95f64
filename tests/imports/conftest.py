"""Makes `other_tools` importable, which writes the files that are imported."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
