"""Held-out sets come back from their files as they went in, and are made ready by data alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from devbench.domain.codec import from_json, to_json
from devbench.domain.held_out import HeldOut, Preprocessing
from devbench.errors import ModelError
from devbench.variants.held_out import labels_of, model_inputs, prepared, read_held_out, write_held_out

IMAGES = np.random.default_rng(1).integers(0, 256, (3, 4, 6, 3)).astype(np.uint8)
HOW = Preprocessing(mean=(127.5,), scale=(1 / 127.5,))


def write(folder: Path) -> HeldOut:
    return write_held_out(
        folder,
        name="shapes",
        metric="top1",
        inputs={"image": IMAGES},
        labels=np.array([2, 0, 1], np.int32),
        model_dtypes=("float32",),
        preprocessing=(HOW,),
        classes=("a", "b", "c"),
    )


def test_a_set_comes_back_from_plain_little_endian_files(tmp_path: Path) -> None:
    held_out = write(tmp_path)
    assert read_held_out(tmp_path) == held_out
    assert from_json(HeldOut, to_json(held_out)) == held_out
    assert (tmp_path / "inputs-0.bin").read_bytes() == IMAGES.tobytes()
    assert (tmp_path / "labels.bin").read_bytes() == b"\2\0\0\0\0\0\0\0\1\0\0\0"
    assert labels_of(held_out).tolist() == [2, 0, 1]
    (inputs,) = model_inputs(held_out)
    np.testing.assert_allclose(inputs, IMAGES / 127.5 - 1, atol=1e-6)
    assert inputs.dtype == np.float32
    (unscaled,) = model_inputs(held_out, preprocessing=(Preprocessing(),))
    np.testing.assert_array_equal(unscaled, IMAGES)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "labels.bin").write_bytes(b"\2\0\0\0\0\0\0\0\2\0\0\0")
    with pytest.raises(ModelError, match=r"labels\.bin is not the file"):
        read_held_out(tmp_path)
    with pytest.raises(ModelError, match="holds no held-out set"):
        read_held_out(tmp_path / "nowhere")


def test_counts_have_to_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="differ in their count"):
        write_held_out(
            tmp_path, name="s", metric="top1", inputs={"x": IMAGES}, labels=np.zeros(2, np.int32),
            model_dtypes=("float32",), preprocessing=(HOW,),
        )  # fmt: skip


def test_channels_layout_and_one_number_for_each_channel() -> None:
    how = replace(HOW, channels="BGR", layout="NCHW", mean=(1.0, 2.0, 3.0), scale=(1.0, 10.0, 100.0))
    result = prepared(IMAGES, how)
    assert result.shape == (3, 3, 4, 6)
    np.testing.assert_allclose(result[:, 0], IMAGES[..., 2] - 1.0)
    np.testing.assert_allclose(result[:, 2], (IMAGES[..., 0] - 3.0) * 100.0)


def test_bilinear_resizing_agrees_with_pillow() -> None:
    """Enlarging: there, antialiasing changes nothing."""
    image = pytest.importorskip("PIL.Image")
    plane = IMAGES[0, :, :, 0].astype(np.float32)
    expected = np.asarray(image.fromarray(plane).resize((9, 8), image.Resampling.BILINEAR))
    how = Preprocessing(resize=(8, 9))
    np.testing.assert_allclose(prepared(IMAGES, how)[0, :, :, 0], expected, atol=1e-3)
    assert not how.changes_nothing and Preprocessing().changes_nothing


def test_indices_stay_whole_numbers() -> None:
    tokens = np.array([[1, 5], [7, 0]], np.int32)
    assert prepared(tokens, Preprocessing(), "int32").tolist() == tokens.tolist()
