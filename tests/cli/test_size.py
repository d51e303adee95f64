"""`devbench size` says what models and runtimes cost an app, from files and pins, without fetching anything."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from devbench.cli.app import app
from devbench.engines import engine_table
from devbench.errors import ModelError, UsageError
from devbench.hashing import sha256_of
from devbench.variants.package import models_folder

GATE, CNN = models_folder() / "and-gate.tflite", models_folder() / "small-cnn-fp32.tflite"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEVBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def size(*arguments: object) -> Any:
    result = CliRunner().invoke(app, ["size", *map(str, arguments), "--json"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_models_are_sized_as_they_are_and_as_gzip_makes_them() -> None:
    gate, cnn = size(GATE, CNN)["models"]
    assert (gate["model"], gate["format"], gate["size_bytes"]) == ("and-gate", "tflite", GATE.stat().st_size)
    assert gate["sha256"] == sha256_of(GATE)
    assert cnn["gzip_bytes"] == len(gzip.compress(CNN.read_bytes(), 9, mtime=0))


def test_a_runtime_is_sized_for_each_abi_from_its_pins() -> None:
    (runtime,) = size(GATE)["runtimes"]
    release = engine_table()["tflite"].releases["2.16.1"]
    assert (runtime["engine"], runtime["version"]) == ("tflite", "2.16.1")
    sizes = {abi["abi"]: abi["size_bytes"] for abi in runtime["abis"]}
    assert sizes["arm64-v8a"] == release.libraries["android-arm64-v8a"].size_bytes
    assert runtime["universal_bytes"] == sum(sizes.values())
    for abi in runtime["abis"]:
        assert abi["split_saves_bytes"] == sum(sizes.values()) - abi["size_bytes"]
        assert abi["compressed_bytes"] is None
        assert abi["reason"] == "not cached: devbench engines fetch tflite@2.16.1"


def test_another_version_can_be_asked_for() -> None:
    (runtime,) = size(GATE, "--engine", "tflite@2.4.0")["runtimes"]
    assert runtime["version"] == "2.4.0"
    with pytest.raises(UsageError, match="no engine 'tflight'"):
        size(GATE, "--engine", "tflight")


def test_each_way_of_delivery_says_what_it_costs_where() -> None:
    answer = size(CNN)
    packed, stored, fetched = answer["delivery"]
    whole, gzipped = answer["models"][0]["size_bytes"], answer["models"][0]["gzip_bytes"]
    assert (packed["apk_bytes"], packed["mapped"]) == (gzipped - 18, False)
    assert packed["phone_bytes"] == packed["apk_bytes"] + whole
    assert (stored["apk_bytes"], stored["network_bytes"], stored["mapped"]) == (whole, 0, True)
    assert (fetched["apk_bytes"], fetched["network_bytes"], fetched["phone_bytes"]) == (0, gzipped, whole)


def test_the_manifest_counts_versions_up_when_a_model_changed(tmp_path: Path) -> None:
    model, manifest = tmp_path / "net.tflite", tmp_path / "models.json"
    model.write_bytes(GATE.read_bytes())
    assert size(model, "--manifest", manifest)["manifest"]["models"][0]["version"] == 1
    model.write_bytes(CNN.read_bytes())
    size(model, "--manifest", manifest)
    (entry,) = json.loads(manifest.read_text())["models"]
    assert (entry["name"], entry["version"], entry["file"]) == ("net", 2, "net.tflite")
    assert entry["sha256"] == sha256_of(CNN)


def test_the_tables_say_the_same_and_where_load_time_is() -> None:
    text = CliRunner().invoke(app, ["size", str(GATE)]).stdout
    assert "runtime tflite 2.16.1" in text and "assets, stored" in text
    assert "devbench run MODEL" in text


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"no model")
    with pytest.raises(ModelError, match="is not a TFLite model"):
        size(tmp_path / "a.tflite")
