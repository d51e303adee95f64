"""Writes docs/cli.md from the commands themselves, so that the reference cannot drift; `--check` only compares."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import typer

from devbench.cli.app import app

TARGET = Path(__file__).parent.parent / "docs" / "cli.md"


def main() -> None:
    text = reference()
    if "--check" in sys.argv:
        sys.exit(0 if TARGET.read_text("utf-8") == text else "docs/cli.md is stale: make docs")
    TARGET.write_text(text, encoding="utf-8")


def reference() -> str:
    """Every command with its arguments, options, defaults and examples, as Markdown."""
    root = typer.main.get_command(app)
    parts = ["# Commands\n\nGenerated from the commands by `make docs`.\n"]
    parts += _command(root, "devbench")
    return "\n".join(parts).rstrip() + "\n"


def _command(command: click.Command, path: str) -> list[str]:
    parts = [f"## {path}\n", _plain(command.help or "").strip() + "\n"]
    rows = [row for parameter in command.params if (row := _parameter(parameter)) is not None]
    if rows:
        parts += ["| option | meaning | default |", "|---|---|---|", *rows, ""]
    if command.epilog:
        parts.append(_plain(command.epilog).strip() + "\n")
    for name, child in sorted(getattr(command, "commands", {}).items()):
        parts += _command(child, f"{path} {name}")
    return parts


def _plain(text: str) -> str:
    """rich's markup as Markdown."""
    return text.replace("[bold]", "**").replace("[/bold]", "**").replace("\\[", "[")


def _parameter(parameter: click.Parameter) -> str | None:
    hidden = getattr(parameter, "hidden", False)
    if hidden or parameter.name in ("help", "install_completion", "show_completion"):
        return None
    help_text = _plain(getattr(parameter, "help", None) or "").replace("|", "\\|")
    if isinstance(parameter, click.Argument):
        return f"| `{parameter.make_metavar(click.Context(click.Command('x')))}` | {help_text} | |"
    spelled = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    shown = "" if default in (None, False, ()) or callable(default) else f"`{default}`"
    return f"| {spelled} | {help_text} | {shown} |"


if __name__ == "__main__":
    main()
