"""Which versions of operators a release has: lists that the libraries gave, against TensorFlow's table."""

from __future__ import annotations

import itertools
import json
from importlib.resources import files
from pathlib import Path

import pytest

from devbench.engines import engine_table
from devbench.errors import ModelError
from devbench.graph.op_support import known_ops, unsupported_ops
from devbench.graph.op_versions import lite_ops, unsupported_operators
from devbench.graph.tflite_file import read_op_versions, read_tflite

MODELS = Path(str(files("devbench").joinpath("data", "models")))
RELEASES = tuple(engine_table()["tflite"].releases)


def first_releases() -> dict[str, dict[str, str]]:
    text = files("devbench").joinpath("data", "op_versions", "first-release.json").read_text("utf-8")
    table: dict[str, dict[str, str]] = json.loads(text)["ops"]
    return table


def numbers(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_has_what_tensorflows_table_says_came_before_it(release: str) -> None:
    """Two sources of one fact: the registry of the library, and the table that converters write into files."""
    known = lite_ops(f"tflite-{release}")
    assert known is not None
    missing = [
        (op, version)
        for op, versions in first_releases().items()
        for version, came in versions.items()
        if numbers(came) <= numbers(release) and not _has(known.versions, op, int(version))
    ]
    assert missing == []


def _has(versions: dict[str, tuple[int, int]], op: str, version: int) -> bool:
    oldest, newest = versions.get(op, (1, 0))
    return oldest <= version <= newest


def test_versions_never_shrink_from_release_to_release() -> None:
    lists = [known.versions for release in RELEASES if (known := lite_ops(f"tflite-{release}"))]
    for older, newer in itertools.pairwise(lists):
        assert all(_has(newer, op, newest) for op, (_, newest) in older.items())


def test_a_file_declares_the_versions_that_its_converter_chose() -> None:
    declared = read_op_versions(MODELS / "small-cnn-int8.tflite")
    assert set(declared) == set(read_tflite(MODELS / "small-cnn-int8.tflite").op_counts)
    assert declared["CONV_2D"] == (3,) and declared["QUANTIZE"] == (1,)


def test_what_is_lacking_is_said_with_the_release_that_brought_it() -> None:
    known = lite_ops("tflite-2.4.0")
    assert known is not None
    assert unsupported_operators({"CONV_2D": (3, 5), "ADD": (1,)}, known) == ()
    newer, absent, custom, flex = unsupported_operators(
        {"CONV_2D": (6,), "GELU": (1,), "NoSuchOp": (1,), "FlexAddV2": (1,)}, known
    )
    assert newer == "CONV_2D version 6 (it has up to 5, which TensorFlow Lite 2.9.0 brought)"
    assert absent.startswith("GELU version 1 (it has no such operator, which TensorFlow Lite 2.")
    assert custom == "NoSuchOp version 1 (it has no such custom operator)" and "SELECT_TF_OPS" in flex


def test_of_a_runtime_that_nobody_asked_nothing_is_said(tmp_path: Path) -> None:
    model = MODELS / "and-gate.tflite"
    assert unsupported_ops(model, "tflite", "litert-2.1.0") is None and known_ops("first-release") is None
    assert unsupported_ops(model, "tflite", "tflite-2.4.0") == ()
    (tmp_path / "cut.tflite").write_bytes(model.read_bytes()[:100])
    with pytest.raises(ModelError):
        unsupported_ops(tmp_path / "cut.tflite", "tflite", "tflite-2.4.0")
