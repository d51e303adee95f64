"""`devbench --help` against an empty Typer app with as many commands, interleaved; target: a ratio of at most 1.3.

`python benchmarks/startup.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROUNDS = 20
TARGET = 1.3
DEVBENCH = "import sys; sys.argv = ['devbench', '--help']; from devbench.cli.app import main; main()"
EMPTY = """
import typer
app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False, help="Empty.")
{commands}
app()
"""


def empty_app(commands: list[str]) -> str:
    """The source of an app that has these commands and does nothing."""
    parts = [
        f"@app.command({name!r})\ndef command_{i}() -> None:\n    'Does nothing.'"
        for i, name in enumerate(commands)
    ]
    return EMPTY.format(commands="\n".join(parts))


def command_names() -> list[str]:
    from devbench.cli.app import app

    return [c.name or "?" for c in app.registered_commands] + [g.name or "?" for g in app.registered_groups]


def timed_ms(arguments: list[str]) -> float:
    begun_s = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return (time.perf_counter() - begun_s) * 1e3


def main() -> int:
    names = command_names()
    with tempfile.TemporaryDirectory() as folder:
        empty, ours = Path(folder) / "empty.py", Path(folder) / "ours.py"
        empty.write_text(empty_app(names))
        ours.write_text(DEVBENCH)
        pairs = [(timed_ms([str(ours)]), timed_ms([str(empty), "--help"])) for _ in range(ROUNDS + 1)][1:]
    print(f"startup, devbench --help  {median(a for a, _ in pairs):.0f}  ms")
    print(f"startup, empty app of {len(names)} commands  {median(b for _, b in pairs):.0f}  ms")
    ratio = median(a / b for a, b in pairs)
    print(f"startup, devbench / empty  {ratio:.2f}  ratio  target <= {TARGET:g}")
    return 0 if ratio <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
