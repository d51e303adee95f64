"""The package's models are the pinned ones, small, and compute what their names promise."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from referee import only_output, reference_outputs

from devbench.errors import ModelError
from devbench.variants import package
from devbench.variants.package import control_variant, models_folder, package_variants

ALL = (control_variant(), *package_variants())


def test_every_file_of_the_folder_is_pinned_and_small() -> None:
    """Reading the index checks each hash; nothing lies beside it unpinned, and a wheel stays small."""
    assert {Path(v.path) for v in ALL} == set(models_folder().glob("*.tflite"))
    assert all(v.size_bytes <= 100_000 for v in ALL)


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models_folder(), folder)
    shutil.copy(folder / "and-gate.tflite", folder / "control.tflite")
    monkeypatch.setattr(package, "models_folder", lambda: folder)
    with pytest.raises(ModelError, match="not the file that devbench came with"):
        package._all_variants.__wrapped__()


def test_every_variant_tells_how_it_came_to_be() -> None:
    for variant in ALL:
        assert [step.name for step in variant.steps[:2]] == ["keras", "saved_model"]
        assert variant.steps[-1].bytes_after == variant.size_bytes
        assert variant.steps[-1].tool is not None and variant.steps[-1].tool.startswith("tensorflow ")
        assert variant.weights in ("seeded", "exact")
        assert variant.inputs and variant.outputs and variant.op_counts


def test_the_control_is_marked_and_old_enough_for_any_engine() -> None:
    control = control_variant()
    assert control.control and not any(v.control for v in package_variants())
    assert set(control.op_counts) == {"CONV_2D", "MEAN", "FULLY_CONNECTED", "SOFTMAX"}


def test_the_and_gate_computes_and() -> None:
    gate = models_folder() / "and-gate.tflite"
    truth = {
        (a, b): only_output(gate, {"bits": np.array([[a, b]], np.float32)})[0, 0]
        for a in (0, 1)
        for b in (0, 1)
    }
    assert {bits: round(float(out)) for bits, out in truth.items()} == {
        (0, 0): 0,
        (0, 1): 0,
        (1, 0): 0,
        (1, 1): 1,
    }


def test_formats_of_the_small_cnn_agree_within_their_precision() -> None:
    """All four are the same network: quantisation moves the scores a little, a mix-up would move them a lot."""
    image = np.random.default_rng(7).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    scores = {
        v.variant: only_output(v.path, {"image": image}) for v in package_variants() if v.model == "small-cnn"
    }
    reference = scores.pop("small-cnn-fp32")
    distance = {name: float(np.abs(value - reference).max()) for name, value in scores.items()}
    assert distance["small-cnn-fp16"] < 1e-3
    assert distance["small-cnn-dynamic-int8"] < 0.02
    assert distance["small-cnn-int8"] < 0.02
    assert float(np.ptp(reference)) > 0.3  # not simply uniform scores


def test_two_inputs_and_a_dynamic_batch_run() -> None:
    outputs = reference_outputs(
        models_folder() / "two-inputs.tflite",
        {"image": np.ones((1, 16, 16, 1), np.float32), "position": np.ones((1, 4), np.float32)},
    )
    assert {name: (o.shape, o.dtype.name) for name, o in outputs.items()} == {
        "box": ((1, 4), "float32"),
        "scores": ((1, 10), "float32"),
        "per_mille": ((1, 10), "int32"),
    }
    batch = only_output(models_folder() / "dynamic-batch.tflite", {"features": np.ones((5, 16), np.float32)})
    assert batch.shape == (5, 4)
