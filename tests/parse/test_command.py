"""`devbench parse`: JSON on stdout, talk on stderr, and an exit code that says whether it was understood."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from devbench.cli import parse as command
from devbench.errors import ParseError, UsageError
from devbench.parse import KINDS

_FIXTURES = Path(__file__).parent / "fixtures"
_app = typer.Typer()
_app.command()(command.parse)


def _run(*arguments: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(_app, list(arguments), input=data)


def test_json_is_one_object_with_the_interface_keys() -> None:
    result = _run(str(_FIXTURES / "battery/android15-dock.txt"), "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == [
        "kind", "source", "warnings", "level_pct", "temperature_c", "voltage_mv", "status", "plugged", "health",
        "charge_uah",
    ]  # fmt: skip


def test_standard_input_and_a_given_kind() -> None:
    data = (_FIXTURES / "benchmark_model/l-e4.txt").read_bytes()
    result = _run("-", "--kind", "benchmark_model", "--json", data=data)
    assert json.loads(result.stdout)["inference_avg_us"] == 12720.5


def test_people_get_lines_and_warnings_apart() -> None:
    result = _run(str(_FIXTURES / "battery/updates-stopped-noise.txt"))
    assert "temperature_c: -5.5" in result.stdout
    assert "warning:" not in result.stdout
    assert "warning: updates are stopped" in result.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_what_is_not_understood_has_a_named_reason(as_json: bool) -> None:
    arguments = ["-", "--kind", "thermal", *(["--json"] if as_json else [])]
    result = _run(*arguments, data=b"Can't find service: thermalservice\n")
    assert isinstance(result.exception, ParseError)
    assert result.exception.exit_code == 1
    assert result.exception.reason == "no-such-service"
    assert "no-such-service" in result.exception.message
    if as_json:
        assert json.loads(result.stdout)["error"]["reason"] == "no-such-service"
    else:
        assert result.stdout == ""


def test_usage_errors(tmp_path: Path) -> None:
    for arguments in ((str(tmp_path / "gone.txt"),), (str(tmp_path),), ("-", "--kind", "nonsense")):
        error = _run(*arguments, data=b"").exception
        assert isinstance(error, UsageError)
        assert error.exit_code == 2


def test_the_help_names_every_kind() -> None:
    assert command.KIND_NAMES.split(", ") and set(command.KIND_NAMES.split(", ")) == set(KINDS)


@pytest.mark.parametrize(
    "path", sorted(_FIXTURES.glob("*/*.txt")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_format_can_be_shown_to_people(path: Path) -> None:
    assert _run(str(path), "--kind", path.parent.name).exit_code == 0
