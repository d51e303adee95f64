"""`devbench variants` prints data on stdout and talk on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devbench.cli.variants import app
from devbench.errors import SuiteError


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
