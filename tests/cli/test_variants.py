"""`devbench variants` prints data on stdout and talk on stderr."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from devbench.cli.variants import _copy, app
from devbench.domain.held_out import Preprocessing
from devbench.errors import SuiteError
from devbench.variants.held_out import read_held_out, write_held_out
from devbench.variants.package import package_variants


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEVBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_build_copies_and_describes(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["build", "tiny", "--out", str(out), "--json"])
    assert result.exit_code == 0, result.output
    variants = json.loads(result.stdout)["variants"]
    assert variants[0]["variant"] == "small-cnn-fp32"
    assert sorted(p.name for p in out.iterdir()) == sorted(
        [f"{v['variant']}.tflite" for v in variants] + ["variants.json"]
    )
    assert json.loads((out / "variants.json").read_text()) == variants
    assert all(Path(v["path"]).stat().st_size == v["size_bytes"] for v in variants)


def test_list_shows_what_came_with_devbench() -> None:
    rows = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)["variants"]
    assert {row["origin"] for row in rows} == {"package"}
    assert rows[0]["variant"] == "control"
    text = CliRunner().invoke(app, ["list"]).stdout
    assert len(text.splitlines()) == len(rows)
    assert "and-gate" in text and "1.18 kB" in text


def test_an_unknown_suite_is_an_error_for_the_command_line() -> None:
    result = CliRunner().invoke(app, ["build", "tiney"])
    assert isinstance(result.exception, SuiteError)


def test_variant_goes_with_a_recipe_only() -> None:
    result = CliRunner().invoke(app, ["build", "tiny", "--variant", "fp32"])
    assert result.exit_code == 2


def test_held_out_sets_are_copied_beside_the_variants(tmp_path: Path) -> None:
    held_out = write_held_out(
        tmp_path / "cache", name="rows", metric="binary", inputs={"bits": np.zeros((4, 2), np.float32)},
        labels=np.array([0, 0, 0, 1], np.int32), model_dtypes=("float32",), preprocessing=(Preprocessing(),),
    )  # fmt: skip
    gate = next(v for v in package_variants() if v.variant == "and-gate")
    (copied,) = _copy([replace(gate, held_out=held_out)], tmp_path / "out")
    assert copied.held_out is not None
    assert copied.held_out.folder == str(tmp_path / "out" / "held-out" / "and-gate")
    assert read_held_out(Path(copied.held_out.folder)) == copied.held_out
