"""From `litert`, `litert@2.3.0` or `litert=/path/lib.so` and a target to one library file with its hash."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from devbench.errors import EngineError, MissingExtra, UsageError
from devbench.hashing import sha256_of

# (operating system of the target, model format) → engine
DEFAULT_ENGINES: dict[tuple[str, str], str] = {("linux", "tflite"): "litert", ("android", "tflite"): "litert"}
ENGINES = ("litert",)
_WHEEL = "ai-edge-litert"
_WHEEL_LIBRARY = "libLiteRt.so"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAsked:
    """One part of `--engine`: a name, and perhaps a version or a file of the user's own."""

    engine: str
    version: str | None
    path: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFile:
    """A library that can be pushed to a phone of `target`."""

    engine: str
    version: str | None
    target: str
    path: Path
    sha256: str
    size_bytes: int


def parse_engine(text: str) -> EngineAsked:
    """`NAME[@VERSION][=PATH]`; UsageError names the engines there are."""
    name, equals, path = text.partition("=")
    name, at, version = name.partition("@")
    if name not in ENGINES:
        raise UsageError(f"--engine {text}: no engine {name!r}", fix=f"one of: {', '.join(ENGINES)}")
    if equals and not Path(path).is_file():
        raise UsageError(f"--engine {text}: {path} is not a file")
    return EngineAsked(engine=name, version=version if at else None, path=Path(path) if equals else None)


@cache
def resolve(asked: EngineAsked, target: str) -> EngineFile:
    """The library for `asked` on `target`; EngineError or MissingExtra says how to get it."""
    if asked.path is not None:
        return _file(asked.engine, asked.version, target, asked.path)
    path, version, wheel_target = _wheel_library()
    if target != wheel_target:
        raise EngineError(
            f"engine litert for {target}: the {_WHEEL} wheel on this computer holds the library for {wheel_target}",
            fix="give the library for the phone: --engine litert=/path/to/libLiteRt.so",
        )
    if asked.version is not None and asked.version != version:
        raise EngineError(
            f"engine litert@{asked.version}: installed is {version}",
            fix=f'pip install "{_WHEEL}=={asked.version}"',
        )
    return _file(asked.engine, version, target, path)


def _file(engine: str, version: str | None, target: str, path: Path) -> EngineFile:
    return EngineFile(
        engine=engine,
        version=version,
        target=target,
        path=path.resolve(),
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
    )


def _wheel_library() -> tuple[Path, str, str]:
    """(library, version, target) of the installed wheel, found without importing it: that takes a second."""
    spec = importlib.util.find_spec("ai_edge_litert")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(
            "engine litert comes with the ai-edge-litert wheel, which is not installed",
            fix='pip install "devbench[virtual]"',
        )
    path = Path(next(iter(spec.submodule_search_locations))) / _WHEEL_LIBRARY
    if not path.is_file():
        raise EngineError(
            f"{path} is missing from the {_WHEEL} wheel", fix=f"pip install --force-reinstall {_WHEEL}"
        )
    return path, metadata.version(_WHEEL), f"linux-{elf_machine(path)}"


_ELF_MACHINES = {0x3E: "x86_64", 0xB7: "aarch64", 0x28: "arm", 0x03: "x86"}


def elf_machine(path: Path) -> str:
    """The machine an ELF file is for (`x86_64`, `aarch64`, `arm`, `x86`); EngineError if it is none."""
    with open(path, "rb") as file:
        head = file.read(20)
    if head[:4] != b"\x7fELF" or len(head) < 20:
        raise EngineError(f"{path} is not a shared library (no ELF header)")
    code = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return _ELF_MACHINES.get(code, f"machine-{code}")
