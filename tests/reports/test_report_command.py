"""`devbench report` makes the reports of a run folder and changes nothing that was measured."""

import json
from pathlib import Path

import pytest
from made_runs import SERIAL, make_run
from typer.testing import CliRunner, Result

from devbench import store
from devbench.cli import report as command
from devbench.cli.app import app
from devbench.errors import UsageError
from devbench.reports import all_formats


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder below results/ of the current directory."""
    monkeypatch.chdir(tmp_path)
    run = make_run(rounds=2, samples=5)
    made = store.create(Path("results"), run.header.run_id)
    made.write_header(run.header)
    for measurement in run.measurements:
        made.append(measurement)
    return made.path


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments], catch_exceptions=True)


def test_latest_is_reported_into_its_own_folder(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    result = call("latest")
    assert result.exit_code == 0, result.output
    assert {p.name for p in (folder / "report").iterdir()} == {
        "report.html", "report.md", "report.json", "summary.csv", "samples.csv", "processes.csv",
    }  # fmt: skip
    assert "Steady" in result.stdout and "report.html" in result.stderr
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before


def test_json_is_one_object_with_the_files(folder: Path, tmp_path: Path) -> None:
    result = call(folder.name, "--json", "--format", "csv", "--out", str(tmp_path / "elsewhere"))
    data = json.loads(result.stdout)
    assert [Path(name).name for name in data["files"]] == ["summary.csv", "samples.csv", "processes.csv"]
    assert {cell["variant"] for cell in data["cells"]} == {"fp32", "int8", "control"}
    assert not (folder / "report").exists()


def test_serials_are_left_out_unless_wanted(folder: Path) -> None:
    call("latest")
    written = [p.read_text() for p in (folder / "report").iterdir()]
    assert not [text for text in written if SERIAL in text]
    call("latest", "--with-serials")
    assert SERIAL in (folder / "report" / "report.html").read_text()


def test_a_wrong_format_or_baseline_is_a_usage_error(folder: Path) -> None:
    for arguments in (["--format", "pdf"], ["--baseline", "fp99"], ["--format", ","]):
        assert isinstance(call("latest", *arguments).exception, UsageError)


def test_help_names_every_format() -> None:
    assert ", ".join(sorted(all_formats())) == command.FORMAT_NAMES
