"""`devbench.toml` gives commands the options that nobody typed; the commands themselves are asked, not copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from devbench.cli.app import app
from devbench.cli.project_file import results_here
from devbench.errors import DevbenchError

COMMANDS: Any = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, with a user's configuration elsewhere; we are in a folder below it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "devbench").mkdir(parents=True)
    (tmp_path / "project" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "below")
    return tmp_path / "project"


def write(folder: Path, text: str) -> Path:
    path = folder / "devbench.toml"
    path.write_text(text)
    return path


def taken(*typed: str, command: str = "run") -> tuple[dict[str, Any], dict[Path, list[str]]]:
    """What the command would do, and what each file gave for it."""
    context = COMMANDS[command].make_context(command, list(typed))
    return context.params, context.obj


def test_what_is_typed_wins_then_the_project_then_the_user(project: Path) -> None:
    of_project = write(project, '[run]\nrounds = 5\nallow = ["BUSY", "HOT"]\nout = "measured"\nstrict = true\n')
    of_user = write(project.parent / "config" / "devbench", '[run]\nrounds = 9\nseed = 3\ninput = ["a=x", "b=y"]\n')
    params, given = taken("--rounds", "2", "m.tflite")
    assert (params["rounds"], params["seed"], params["allow"]) == (2, 3, "BUSY,HOT")
    assert (params["out"], params["strict"]) == (project / "measured", True)
    assert list(params["input_file"]) == ["a=x", "b=y"]
    assert given == {
        of_project: ["--allow", "BUSY,HOT", "--out", str(project / "measured"), "--strict"],
        of_user: ["--seed", "3", "--input", "a=x", "--input", "b=y"],
    }
    assert taken()[0]["rounds"] == 5


def test_typed_models_put_the_projects_suite_aside(project: Path) -> None:
    (project / "own.toml").write_text("")
    write(project, '[run]\nsuite = "own.toml"\nfast = true\nprofile = "standard"\n')
    params, _ = taken()
    assert (params["suite"], params["fast"]) == (str(project / "own.toml"), True)
    params, given = taken("m.tflite")
    assert (params["suite"], params["fast"], params["profile"]) == (None, False, "standard")
    assert list(given.values()) == [["--profile", "standard"]]


def test_a_resumed_run_is_what_its_folder_says(project: Path) -> None:
    """A file that was changed since does not contradict it; what decides no number is still taken."""
    write(project, '[run]\nrounds = 5\ndevice = "all"\nmax-away = 600\nout = "measured"\n')
    params, _ = taken("--resume", "latest")
    assert (params["rounds"], params["device"]) == (None, None)
    assert (params["max_away"], params["out"]) == (600.0, project / "measured")


def test_other_commands_look_where_runs_are_and_take_their_own_tables(project: Path) -> None:
    """`check` in CI needs no word; `out` of `report` is its own, and no place of runs."""
    write(
        project,
        '[run]\nrounds = 5\ndevice = "model=Pixel 4"\nout = "measured"\n'
        '[check]\nbudget = "limits.toml"\n[report]\nformat = ["html", "junit"]\n[aa]\ndevice = "all"\n',
    )
    measured = project / "measured"
    checked, _ = taken(command="check")
    assert (checked["budget"], checked["out"], checked["run"]) == (project / "limits.toml", measured, "latest")
    reported, _ = taken("latest", command="report")
    assert (reported["formats"], reported["results"], reported["out"]) == ("html,junit", measured, None)
    compared, _ = taken("a", "b", command="compare")
    assert (compared["device"], compared["out"], compared["rounds"]) == ("all", measured, None), "runs, not files"
    (project / "below" / "b").write_text("")
    assert taken("a", "b", command="compare")[0]["device"] == "model=Pixel 4"
    assert taken(command="aa")[0]["device"] == "all"
    assert taken(command="doctor")[0]["device"] == "model=Pixel 4"
    assert results_here() == measured


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[run]\n\nround = 5\n", r"section \[run\], line 3: unknown key 'round'\n.*did you mean 'rounds'"),
        ('[check]\nbudgets = "x"\n', r"section \[check\], line 2: unknown key 'budgets'\n.*did you mean 'budget'"),
        ("[runs]\n", "unknown key 'runs'\n.*did you mean 'run'"),
        ('[run]\nresume = "latest"\n', "unknown key 'resume'"),
        ('[run]\nstrict = "yes"\n', "strict is 'yes', but must be true or false"),
        ("[run]\nrounds = true\n", "rounds is True, but must be a text, a number or a list"),
        ("[run\n", "is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_said_with_the_way_out(project: Path, text: str, says: str) -> None:
    path = write(project, text)
    with pytest.raises(DevbenchError, match=says) as caught:
        taken("x.tflite", command="check" if "[check]" in text else "run")
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_help_does_not_need_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(project, "[run\n")
    with pytest.raises(SystemExit) as ended:
        COMMANDS["run"].main(["--help"])
    assert ended.value.code == 0
    assert "--rounds" in capsys.readouterr().out
