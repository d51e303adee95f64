"""The table of engines, `engines.toml`: which versions there are, where from, their hashes and what they can do.

It is data, so that a new version is a run of `scripts/pin_engines.py` and no code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from devbench.errors import EngineError

TABLE = Path(__file__).parent / "engines.toml"
TABLE_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One library in an archive: its path there, its pin, and what the phone must offer to load it.

    `minimal_api` is None where the file names none; `load_alignment_bytes` is the largest page it can be loaded by.
    """

    target: str
    path: str
    sha256: str
    size_bytes: int
    minimal_api: int | None
    load_alignment_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of an engine: an archive in a Maven repository (None: Maven Central) with its pin."""

    engine: str
    version: str
    coordinates: str
    repository: str | None
    sha256: str
    size_bytes: int
    delegates: tuple[str, ...]
    libraries: dict[str, Library]

    @property
    def name(self) -> str:
        return f"{self.engine}@{self.version}"

    @property
    def file_name(self) -> str:
        _, artifact, version, packaging = self.coordinates.split(":")
        return f"{artifact}-{version}.{packaging}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine; `wheel` is the Python distribution that has it for the targets of `wheel_targets`.

    `library` is the usual name of its file, `delegate_of` the engine that this one only adds delegates to,
    `default` the version meant when none is asked for, `wheel_extra` what of devbench brings the wheel. With
    `in_place` it is too large to push: a phone must have it.
    """

    name: str
    title: str
    formats: tuple[str, ...]
    library: str
    default: str | None
    delegate_of: str | None
    wheel: str | None
    wheel_package: str | None
    wheel_targets: tuple[str, ...]
    wheel_delegates: tuple[str, ...]
    wheel_extra: str
    in_place: bool
    releases: dict[str, Release]


Table = Mapping[str, Engine]


@cache
def engine_table() -> Table:
    """The table that came with devbench."""
    return parse_table(TABLE.read_text("utf-8"), str(TABLE))


def parse_table(text: str, origin: str) -> Table:
    """A table from TOML; EngineError names what is wrong in `origin`."""
    try:
        data = tomllib.loads(text)
        if data["schema"] != TABLE_SCHEMA:
            raise EngineError(f"{origin} has schema {data['schema']}; this devbench reads {TABLE_SCHEMA}")
        return {name: _engine(name, values) for name, values in data["engine"].items()}
    except tomllib.TOMLDecodeError as error:
        raise EngineError(f"{origin} is not TOML: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{origin} is no table of engines: {error!r}") from error


def _engine(name: str, values: Mapping[str, Any]) -> Engine:
    wheel = values.get("wheel", {})
    return Engine(
        name=name,
        title=values["title"],
        formats=tuple(values["formats"]),
        library=values["library"],
        default=values.get("default"),
        delegate_of=values.get("delegate_of"),
        wheel=wheel.get("distribution"),
        wheel_package=wheel.get("package"),
        wheel_targets=tuple(wheel.get("targets", ())),
        wheel_delegates=tuple(wheel.get("delegates", ())),
        wheel_extra=wheel.get("extra", "virtual"),
        in_place=values.get("in_place", False),
        releases={v: _release(name, v, release) for v, release in values.get("release", {}).items()},
    )


def _release(engine: str, version: str, values: Mapping[str, Any]) -> Release:
    return Release(
        engine=engine,
        version=version,
        coordinates=values["coordinates"],
        repository=values.get("repository"),
        sha256=values["sha256"],
        size_bytes=values["size_bytes"],
        delegates=tuple(values["delegates"]),
        libraries={target: _library(target, library) for target, library in values["target"].items()},
    )


def _library(target: str, values: Mapping[str, Any]) -> Library:
    return Library(
        target=target,
        path=values["path"],
        sha256=values["sha256"],
        size_bytes=values["size_bytes"],
        minimal_api=values.get("minimal_api"),
        load_alignment_bytes=values["load_alignment_bytes"],
    )
