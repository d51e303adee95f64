"""Builds the paced engine (paced.c) with zig and writes its models: tests plant the effects they look for."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]


def build_paced(folder: Path) -> Path:
    """Compiles the engine for this machine's Linux target into `folder`; the library."""
    return _build(folder / "libpaced.so", "paced.c")


def build_toy_delegate(folder: Path) -> Path:
    """The same of the delegate library toy_delegate.c."""
    return _build(folder / "libtoy_delegate.so", "toy_delegate.c")


def _build(library: Path, source: str) -> Path:
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-linux-gnu.2.17"]
    flags = [
        "-shared",
        "-fPIC",
        "-O2",
        "-std=gnu11",
        "-D_GNU_SOURCE",
        "-fno-sanitize=all",
        "-Wall",
        "-Wextra",
    ]
    include = f"-I{_ROOT / 'android-runner' / 'src'}"
    subprocess.run([*command, *flags, include, "-o", library, _HERE / source, "-lpthread"], check=True)
    return library


def write_paced(path: Path, **behaviour: object) -> Path:
    """A model file that makes the paced engine behave so; the keys stand at the top of paced.c.

    It is the package's AND gate with a text behind it, so that whoever reads it as .tflite finds a valid one.
    """
    gate = (_ROOT / "devbench" / "data" / "models" / "and-gate.tflite").read_bytes()
    lines = "".join(f"{key}={value}\n" for key, value in behaviour.items())
    path.write_bytes(gate + b"\nPACED\n" + lines.encode())
    return path
