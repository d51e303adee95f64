"""Makes the helpers of this folder importable, and holds the process with TensorFlow that its tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

if TYPE_CHECKING:
    from tensorflow_process import TensorFlow


@pytest.fixture(scope="session")
def tf() -> Iterator[TensorFlow]:
    from tensorflow_process import TensorFlow

    if find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    tensorflow = TensorFlow()
    yield tensorflow
    tensorflow.close()
