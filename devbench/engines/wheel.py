"""Engine libraries that an installed wheel carries, found without importing it: that takes a second."""

from __future__ import annotations

import contextlib
import importlib.util
from importlib import metadata
from pathlib import Path

from devbench.engines.asked import EngineAsked
from devbench.engines.elf import read_elf
from devbench.engines.file import EngineFile, engine_file
from devbench.engines.table import Engine
from devbench.errors import EngineError, MissingExtra


def from_wheel(engine: Engine, asked: EngineAsked, target: str) -> EngineFile:
    """The library of the installed wheel; MissingExtra or EngineError says how to get the right one."""
    path, version = wheel_library(engine)
    installed_for = f"linux-{read_elf(path).machine}"
    if target != installed_for:
        raise EngineError(
            f"engine {asked} for {target}: the {engine.wheel} wheel on this computer holds the library "
            f"for {installed_for}",
            fix=f"give the library for the phone: --engine {engine.name}=/path/to/{engine.library}",
        )
    if asked.version is not None and asked.version != version:
        raise EngineError(
            f"engine {asked}: installed is {version}", fix=f'pip install "{engine.wheel}=={asked.version}"'
        )
    return engine_file(engine.name, version, target, path, delegates=engine.wheel_delegates)


def wheel_library(engine: Engine) -> tuple[Path, str]:
    """(library, version) of the installed wheel."""
    assert engine.wheel is not None and engine.wheel_package is not None
    spec = importlib.util.find_spec(engine.wheel_package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra(
            f"engine {engine.name} comes with the {engine.wheel} wheel, which is not installed",
            fix=f'pip install "devbench[{engine.wheel_extra}]"',
        )
    path = Path(next(iter(spec.submodule_search_locations))) / engine.library
    if not path.is_file():
        raise EngineError(
            f"{path} is missing from the {engine.wheel} wheel",
            fix=f"pip install --force-reinstall {engine.wheel}",
        )
    return path, _version(engine.wheel, engine.wheel_package)


def _version(*distributions: str) -> str:
    """Of the first that is installed: the same package may come by several names (tensorflow-cpu, tensorflow)."""
    for name in distributions:
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(name)
    raise EngineError(f"none of {', '.join(distributions)} is installed as a Python distribution")
