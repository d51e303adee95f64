"""Rows that are wrong on purpose: the same file, the held-out set made ready otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.held_out import Preprocessing
from devbench.domain.variant import Variant
from devbench.errors import SuiteError
from devbench.suites.load import load_suite
from devbench.variants.held_out import write_held_out
from devbench.variants.mistakes import mistaken

RIGHT = Preprocessing(resize=(4, 4), channels="RGB", mean=(127.5,), scale=(1 / 127.5,))


def image_model(folder: Path, how: Preprocessing = RIGHT) -> Variant:
    held_out = write_held_out(
        folder, name="s", metric="top1", inputs={"image": np.zeros((1, 2, 2, 3), np.uint8)},
        labels=np.zeros(1, np.int32), model_dtypes=("float32",), preprocessing=(how,),
    )  # fmt: skip
    return Variant(variant="m", model="m", format="tflite", path="m", sha256="0", size_bytes=1, held_out=held_out)


def test_a_mistake_changes_one_thing_and_is_named(tmp_path: Path) -> None:
    model = image_model(tmp_path)
    swapped, unscaled = mistaken(model, "swapped-channels"), mistaken(model, "no-scaling")
    assert swapped.held_out is not None and unscaled.held_out is not None
    assert swapped.held_out.preprocessing == (replace(RIGHT, channels="BGR"),)
    assert unscaled.held_out.preprocessing == (replace(RIGHT, mean=(0.0,), scale=(1.0,)),)
    assert swapped.mistake == "red and blue are swapped" and swapped.sha256 == model.sha256


def test_a_mistake_that_changes_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="changes nothing"):
        mistaken(image_model(tmp_path, Preprocessing()), "no-scaling")
    with pytest.raises(SuiteError, match="needs a held-out set"):
        mistaken(replace(image_model(tmp_path), held_out=None), "no-scaling")


def test_a_suite_names_its_mistakes_and_no_others(tmp_path: Path) -> None:
    suite = tmp_path / "s.toml"
    text = '[[model]]\nrecipe = "network:and_gate"\nvariants = [{ name = "a", steps = ["fp32"], mistake = "%s" }]\n'
    suite.write_text(text % "no-scaling")
    (model,) = load_suite(str(suite)).models
    assert [v.mistake for v in model.variants] == ["no-scaling"]  # type: ignore[union-attr]
    suite.write_text(text % "sideways")
    with pytest.raises(SuiteError, match="mistake cannot be 'sideways'"):
        load_suite(str(suite))
