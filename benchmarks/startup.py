"""`devbench --help` against an empty Typer app with as many commands, in turns: what our imports cost."""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

import typer

from devbench.cli.app import app

ROUNDS = 15
MOST = 1.3


def empty_app(folder: Path) -> Path:
    """A program with the same commands and help texts, which import nothing."""
    commands = getattr(typer.main.get_command(app), "commands", {})
    lines = ["import typer", 'app = typer.Typer(rich_markup_mode="rich", no_args_is_help=True)']
    for name, command in commands.items():
        lines.append(f"@app.command({name!r}, help={command.help!r})\ndef c_{name.replace('-', '_')}(): pass")
    path = folder / "empty.py"
    path.write_text("\n".join([*lines, "app()"]), "utf-8")
    return path


def seconds(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - started


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        ours = [sys.executable, "-m", "devbench", "--help"]
        theirs = [sys.executable, str(empty_app(Path(folder))), "--help"]
        bare = [sys.executable, "-c", "import typer"]
        times: dict[str, list[float]] = {"ours": [], "empty": [], "import typer": []}
        for number in range(ROUNDS + 1):
            for name, command in (("ours", ours), ("empty", theirs), ("import typer", bare)):
                taken = seconds(command)
                if number:
                    times[name].append(taken)
    pairs = zip(times["ours"], times["empty"], strict=True)
    ratio = math.exp(mean(math.log(a / b) for a, b in pairs))
    shown = ", ".join(f"{name} {median(values) * 1e3:.0f} ms" for name, values in times.items())
    print(f"startup: {shown}; ratio {ratio:.2f} (≤ {MOST})")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
