"""Pass accuracy: the runner makes every sample ready as the host would, runs them all, and keeps every answer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devbench.domain.held_out import Preprocessing
from devbench.variants.held_out import prepared

from .conftest import MODELS, Runner
from .made_models import write_copies

COUNT = 5
SETTLED = {"pass": "accuracy", "samples": COUNT, "delegate": "none"}


def images(*size: int) -> Any:
    return np.random.default_rng(3).integers(0, 256, (COUNT, *size), np.uint8)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Preprocessing(), {}),
        (Preprocessing(mean=(127.5,), scale=(1 / 127.5,)), {}),
        (Preprocessing(channels="BGR", mean=(1.0, 2.0, 3.5), scale=(0.5, 0.25, 2.0)), {"channels": "BGR"}),
        (Preprocessing(resize=(7, 9), mean=(127.5,)), {"resize": "7,9"}),
        (Preprocessing(resize=(3, 2)), {"resize": "3,2"}),
        (Preprocessing(layout="NCHW", channels="BGR"), {"layout": "NCHW", "channels": "BGR"}),
    ],
    ids=["nothing", "scaled", "channels", "larger", "smaller", "planes"],
)
def test_a_sample_is_made_ready_as_on_the_host(
    runner: Runner, tmp_path: Path, how: Preprocessing, words: dict[str, str]
) -> None:
    """A model that copies its input shows what the runner put into it."""
    raw = images(5, 6, 3)
    expected = prepared(raw, how)
    model = write_copies(tmp_path / "copies.tflite", "float32", (1, *expected.shape[1:]))
    raw.tofile(tmp_path / "raw.bin")
    numbers = {"mean": ",".join(map(repr, how.mean)), "scale": ",".join(map(repr, how.scale))}
    given = {key: f"#0={value}" for key, value in (numbers | words).items()}
    ended = runner.run(model, **SETTLED, **given, batch=f"#0={tmp_path / 'raw.bin'}", raw="#0=uint8:5,6,3",
                       outputs=tmp_path / "out")  # fmt: skip
    assert ended.code == 0, ended.events
    told = ended.one("output")
    written = Path(told["path"]).read_bytes()
    found = np.frombuffer(written, np.float32).reshape(told["shape"])
    assert told["shape"] == list(expected.shape)
    assert told["sha256"] == hashlib.sha256(written).hexdigest()
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-5)


def test_features_are_scaled_one_by_one_and_every_sample_is_timed(runner: Runner, tmp_path: Path) -> None:
    raw = np.random.default_rng(1).normal(50, 20, (COUNT, 3)).astype(np.float32)
    how = Preprocessing(mean=(170.0, 0.5, 40.0), scale=(0.1, 2.0, 0.05))
    model = write_copies(tmp_path / "copies.tflite", "float32", (1, 3))
    raw.tofile(tmp_path / "raw.bin")
    ended = runner.run(model, **SETTLED, batch=f"#0={tmp_path / 'raw.bin'}", raw="#0=float32:3",
                       mean="#0=170.0,0.5,40.0", scale="#0=0.1,2.0,0.05", outputs=tmp_path / "out")  # fmt: skip
    found = np.fromfile(ended.one("output")["path"], np.float32).reshape(COUNT, 3)
    np.testing.assert_allclose(found, prepared(raw, how), rtol=1e-6)
    assert ended.one("end")["samples"]["steady"] == COUNT
    steady = [ns for e in ended.all("sample") if e["phase"] == "steady" for ns in e["ns"]]
    (whole,) = [e["wall_ns"] for e in ended.all("usage") if e["phase"] == "steady"]
    assert len(steady) == COUNT and whole >= sum(steady)


def test_whole_numbers_reach_the_model_as_they_are(runner: Runner, tmp_path: Path) -> None:
    tokens = np.arange(COUNT * 4, dtype=np.int32).reshape(COUNT, 4) - 7
    model = write_copies(tmp_path / "copies.tflite", "int32", (1, 4))
    tokens.tofile(tmp_path / "raw.bin")
    ended = runner.run(model, **SETTLED, batch=f"#0={tmp_path / 'raw.bin'}", raw="#0=int32:4",
                       outputs=tmp_path / "out")  # fmt: skip
    assert (np.fromfile(ended.one("output")["path"], np.int32).reshape(COUNT, 4) == tokens).all()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"raw": "#0=uint8:5"}, "reads 2 values, a sample has 5"),
        ({"raw": "#0=float16:2"}, "uint8, int32 or float32"),
        ({}, "raw=NAME=DTYPE:SIZES is missing"),
        ({"raw": "#0=uint8:2", "mean": "#0=1,2,3"}, "one for each element of the last axis"),
        ({"raw": "#0=uint8:2", "mean": "#0=one"}, "mean and scale are one number"),
        ({"raw": "#0=uint8:2", "channels": "#0=BGR"}, "are for images"),
        ({"raw": "#0=uint8:2", "scale": "#7=1"}, "names no input"),
        ({"raw": "#0=float32:2"}, "needs 40 bytes"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_input_s_name(
    runner: Runner, tmp_path: Path, keys: dict[str, str], said: str
) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes(2 * COUNT))
    ended = runner.run(MODELS / "and-gate.tflite", **SETTLED, batch=f"#0={tmp_path / 'raw.bin'}", **keys)
    error = ended.one("error")
    assert ended.code == 1 and error["kind"] == "usage" and said in error["message"]


@pytest.mark.parametrize(
    "keys",
    [
        {"pass": "accuracy"},
        {"pass": "accuracy", "samples": 3},
        {"pass": "latency", "samples": 3},
        {"pass": "latency", "mean": "#0=1"},
    ],
)
def test_a_set_and_its_pass_go_together(runner: Runner, keys: dict[str, Any]) -> None:
    assert runner.run(MODELS / "and-gate.tflite", **keys).code == 64
