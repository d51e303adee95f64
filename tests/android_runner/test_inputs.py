"""Host and runner make the same inputs, bit for bit, for every type and any seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devbench.errors import UsageError
from devbench.runners.inputs import random_input

from .conftest import Runner
from .made_models import TYPES, write_copies

SEEDS = (0, 1, 2**63 - 1)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_runner_fills_inputs_as_the_host_says(runner: Runner, tmp_path: Path, dtype: str) -> None:
    shape = (3, 37)
    model = write_copies(tmp_path / "copies.tflite", dtype, shape, count=2)
    for seed in SEEDS:
        out = tmp_path / f"{seed}"
        ended = runner.run(model, delegate="none", inputs=f"random:{seed}", outputs=out)
        assert ended.code == 0, ended.events
        for index in range(2):
            expected = random_input(seed, index, dtype, shape)
            assert expected.shape == shape and expected.dtype == np.dtype(dtype)
            assert (out / f"output_{index}.bin").read_bytes() == expected.tobytes()


def test_first_numbers_of_the_stream_are_those_of_the_protocol() -> None:
    """Worked out by hand from the definition, so that both sides cannot drift together."""
    g, mask = 0x9E3779B97F4A7C15, 2**64 - 1

    def mix(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    counter = mix((42 + g) & mask) ^ 3
    words = [mix((counter + k * g) & mask) for k in (1, 2)]
    assert random_input(42, 3, "float64", (2,)).tolist() == [(w >> 40) * 2.0**-23 - 1 for w in words]
    assert random_input(42, 3, "uint8", (16,)).tobytes() == b"".join(w.to_bytes(8, "little") for w in words)
    assert random_input(42, 3, "int64", (2,)).tolist() == [w >> 63 for w in words]


def test_floats_fill_their_range_and_stay_in_it() -> None:
    for dtype in ("float16", "float32", "float64"):
        values = random_input(7, 0, dtype, (20000,)).astype(np.float64)
        assert -1.0 <= values.min() < -0.99 and 0.99 < values.max() < 1.0
        assert abs(values.mean()) < 0.02


def test_a_type_without_numbers_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="string"):
        random_input(0, 0, "string", (1,))
