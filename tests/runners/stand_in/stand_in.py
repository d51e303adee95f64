"""Builds the stand-in for the stock tools (stand_in.c) with zig: one program, and an era file behind it."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ERAS = tuple(sorted(path.stem for path in (HERE / "eras").glob("*.txt")))
_MODELS = HERE.parents[2] / "devbench" / "data" / "models"


def build_stand_in(folder: Path) -> Path:
    """The program without an era, for this machine's Linux target."""
    program = folder / "stand-in"
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-linux-gnu.2.17"]
    flags = ["-O2", "-std=gnu11", "-fPIE", "-pie", "-fno-sanitize=all", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, *flags, "-o", program, HERE / "stand_in.c"], check=True)
    return program


def stock_tool(program: Path, era: str, folder: Path) -> Path:
    """A tool that prints `era`, named as they all are."""
    path = folder / era / "benchmark_model"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(program.read_bytes() + b"\nERA\n" + (HERE / "eras" / f"{era}.txt").read_bytes())
    path.chmod(0o755)
    return path


def model_with(path: Path, **behaviour: object) -> Path:
    """The package's AND gate with a text behind it that makes the stand-in behave so."""
    lines = "".join(f"{key}={value}\n" for key, value in behaviour.items())
    path.write_bytes((_MODELS / "and-gate.tflite").read_bytes() + b"\nSTAND-IN\n" + lines.encode())
    return path
