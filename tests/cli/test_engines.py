"""`devbench engines`: what it prints, where it puts files, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_gates import and_gate
from typer.testing import CliRunner, Result

from devbench.cli.app import app
from devbench.errors import EngineError, UsageError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEVBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["engines", *arguments])


def test_list_shows_every_version_in_text_and_json() -> None:
    listed = json.loads(run("list", "--json").stdout)["engines"]
    text = run("list").stdout

    versions = {(engine["name"], release["version"]) for engine in listed for release in engine["releases"]}
    assert ("tflite", "2.16.1") in versions
    for name, version in versions:
        assert any(name in line and version in line for line in text.splitlines())
    assert not any(
        lib["cached"] for engine in listed for release in engine["releases"] for lib in release["libraries"]
    )


def test_info_shows_hashes_and_limits_of_one_version() -> None:
    shown = json.loads(run("info", "tflite@2.14.0", "--json").stdout)

    libraries = {library["target"]: library for library in shown["libraries"]}
    assert shown["coordinates"] == "org.tensorflow:tensorflow-lite:2.14.0:aar"
    assert libraries["android-arm64-v8a"]["minimal_api"] == 26
    assert shown["sha256"] in run("info", "tflite@2.14.0").stdout


def test_info_of_a_file_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "some.so"
    path.write_bytes(b"no library")

    result = run("info", f"tflite={path}")

    assert isinstance(result.exception, EngineError)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_fetch_from_a_repository_that_does_not_answer_fails_and_leaves_nothing(home: Path) -> None:
    """Port 9 of loopback refuses connections."""
    result = run("fetch", "tflite@2.4.0", "--repository", "http://127.0.0.1:9/maven2")

    assert isinstance(result.exception, EngineError)
    assert "cannot be fetched" in result.exception.message
    assert [path.name for path in home.rglob("*") if path.is_file()] == [".lock"]


@pytest.mark.parametrize(
    "arguments",
    [("fetch", "tflite@9"), ("fetch", "litert"), ("fetch", "tflite", "--target", "x"), ("info", "nothing")],
)
def test_what_is_not_there_is_a_usage_error(arguments: tuple[str, ...], home: Path) -> None:
    assert isinstance(run(*arguments).exception, UsageError)
    assert not home.exists()


def test_ops_shows_what_each_engine_has_and_what_a_model_misses(tmp_path: Path) -> None:
    every = json.loads(run("ops", "--json").stdout)["engines"]
    assert {row["engine"] for row in every} == {"tflite", "tfmobile"}
    assert all(row["operators"] > 100 and row["targets"] for row in every)

    graph = and_gate(tmp_path / "and.pb")
    graph.write_bytes(graph.read_bytes().replace(b"Sigmoid", b"Sigmund"))
    two = ["--engine", "tfmobile@1.4.0,tfmobile@1.13.1"]
    rows = json.loads(run("ops", str(graph), *two, "--json").stdout)["engines"]
    assert [row["version"] for row in rows] == ["1.4.0", "1.13.1"]
    assert all("y (Sigmund: it has no such op)" in row["lacks"] for row in rows)
    assert "lacks y (Sigmund" in " ".join(run("ops", str(graph)).stdout.split())

    wrong = run("ops", str(graph), "--engine", "tflite")
    assert isinstance(wrong.exception, UsageError)
