"""The documentation is true: the reference is fresh, commands exist, links lead somewhere, examples run."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from devbench.cli.app import app

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("android-runner/*.md")])


def test_the_command_reference_is_what_the_commands_say() -> None:
    """docs/cli.md is generated: `make docs` after a change of an option."""
    script = ROOT / "scripts" / "cli_reference.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """A relative link names a file of the repository."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def shell_lines(page: Path) -> list[str]:
    """Lines of indented or fenced blocks that call devbench."""
    lines = re.findall(r"^    (devbench .*)$", page.read_text("utf-8"), re.MULTILINE)
    return [line.partition("  #")[0].partition(" # ")[0].partition(" | ")[0].strip() for line in lines]


def commands() -> list[tuple[Path, str]]:
    return [(page, line) for page in PAGES for line in shell_lines(page) if "…" not in line]


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_commands_in_the_docs_have_options_that_exist(page: Path, line: str) -> None:
    """Every `devbench …` line names a command, and only options that this command has."""
    command: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h"}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known, f"{page.name}: {line}"
    assert not hasattr(command, "commands") or not words or words[0].startswith("-"), f"{page.name}: {line}"


def python_blocks() -> dict[str, str]:
    text = (ROOT / "docs" / "develop.md").read_text("utf-8")
    found = re.findall(r"`(devbench/\w+/\w+\.py)`[^\n]*\n\n```python\n(.*?)```", text, re.DOTALL)
    return {Path(path).parent.name: code for path, code in found}


def module_of(tmp_path: Path, name: str) -> Any:
    file = tmp_path / f"example_{name}.py"
    file.write_text(python_blocks()[name], "utf-8")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_metric_of_the_docs_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped into devbench/metrics, the example is found and gives a number from a measured run."""
    from made_runs import make_run

    import devbench.metrics
    from devbench.metrics import all_metrics

    folder = tmp_path / "extra"
    folder.mkdir()
    (folder / "swap_example.py").write_text(python_blocks()["metrics"], "utf-8")
    monkeypatch.setattr(devbench.metrics, "__path__", [*devbench.metrics.__path__, str(folder)])
    assert "swap" in {metric.name for metric in all_metrics()}
    from devbench.reports.base import build_report

    report = build_report(make_run())
    found = report.summaries[0].estimate("swap")
    assert found is not None
    assert found.value is not None or found.reason


def test_the_report_of_the_docs_is_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dropped into devbench/reports, the example is a format of `devbench report` and writes its file."""
    from made_runs import make_run

    import devbench.reports
    from devbench.reports.base import build_report, write_reports

    folder = tmp_path / "extra"
    folder.mkdir()
    (folder / "tsv_example.py").write_text(python_blocks()["reports"], "utf-8")
    monkeypatch.setattr(devbench.reports, "__path__", [*devbench.reports.__path__, str(folder)])
    out = tmp_path / "out"
    written = write_reports(build_report(make_run()), ["tsv"], out)
    lines = written[0].read_text("utf-8").splitlines()
    assert lines[0] == "variant\tdevice\tsteady_ns"
    assert len(lines) > 1 and float(lines[1].split("\t")[2]) > 0
