"""`devbench parse`: any saved output of a phone or a benchmark tool as values, for people who only have logs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from devbench.domain.codec import Json
from devbench.errors import ParseError, UsageError

# KINDS of devbench.parse, spelled out so that `--help` needs no import; tests hold the two together.
KIND_NAMES = (
    "battery, meminfo, meminfo-system, cpuinfo, thermal, getprop, procstat, procstatus, proc-meminfo, "
    "proc-cpuinfo, smaps, cpufreq, top, ps, exit, benchmark_model"
)
EXAMPLES = """
[bold]Examples[/bold]

adb shell dumpsys battery | devbench parse - --json

devbench parse benchmark.log --kind benchmark_model --json

devbench parse tombstone_00
"""


def parse(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A saved output; - reads standard input.")],
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="K", help=f"What it is: {KIND_NAMES}. Guessed when not given."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout; unknown values are null.")
    ] = False,
) -> None:
    """Turn a saved output (dumpsys, /proc, logcat, a tombstone, benchmark_model, …) into values.

    Exit code 1 and a named reason when the text is not understood. Units are in the names of the values.
    """
    from devbench.console import print_json, print_line
    from devbench.parse import KINDS, guess_kind
    from devbench.parse import parse as parse_text

    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: there is no such kind", fix=f"one of: {', '.join(KINDS)}")
    data = _read(file)
    try:
        parsed = parse_text(kind or guess_kind(data), data)
    except ParseError as error:
        if as_json:
            print_json({"kind": kind, "error": {"reason": error.reason, "message": error.message}})
        where = "standard input" if file == "-" else file
        raise ParseError(
            f"{where}: {error.reason}: {error.message}", reason=error.reason, fix=error.fix
        ) from error
    if as_json:
        print_json(parsed.to_json())
        return
    print_line(f"{parsed.kind} ({parsed.source})")
    for line in _lines(parsed.values, 1):
        print_line(line)
    for warning in parsed.warnings:
        print_line(f"warning: {warning}", to_stderr=True)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def _lines(value: Json, depth: int) -> Iterator[str]:
    """Values as indented `key: value` lines, each item of a list of objects on one line."""
    indent = "  " * depth
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                yield f"{indent}{key}:"
                yield from _lines(item, depth + 1)
            else:
                yield f"{indent}{key}: {_plain(item)}"
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield f"{indent}- " + "  ".join(f"{key}={_plain(part)}" for key, part in item.items())
            else:
                yield f"{indent}- {_plain(item)}"


def _plain(value: Json) -> str:
    if value is None or value in ([], {}):
        return "–"
    if isinstance(value, list):
        return f"[{len(value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    return str(value).replace("\n", "⏎")
