"""One part of `--engine` as text and as value: which engine, and perhaps which version or whose file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from devbench.engines.table import Engine, Table, engine_table
from devbench.errors import UsageError

# (operating system of the target, model format) → engine
DEFAULT_ENGINES: dict[tuple[str, str], str] = {
    ("linux", "tflite"): "litert",
    ("linux", "pb"): "tensorflow",
    ("android", "tflite"): "tflite",
    ("android", "pb"): "tfmobile",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAsked:
    """`version` is None for the engine's default one, or where it is not known of a file at `path`."""

    engine: str
    version: str | None
    path: Path | None

    def __str__(self) -> str:
        return self.engine + (f"@{self.version}" if self.version is not None else "")


def parse_engine(text: str, table: Table | None = None) -> EngineAsked:
    """`NAME[@VERSION][=PATH]`; UsageError names the engines and the versions there are."""
    table = engine_table() if table is None else table
    name, equals, path = text.partition("=")
    name, at, version = name.partition("@")
    engine = table.get(name)
    runnable = [e.name for e in table.values() if e.delegate_of is None]
    if engine is None:
        raise UsageError(f"--engine {text}: no engine {name!r}", fix=f"one of: {', '.join(runnable)}")
    if engine.delegate_of is not None:
        raise UsageError(
            f"--engine {text}: {name} only adds the delegate {_delegates(engine)} to {engine.delegate_of}",
            fix=f"--engine {engine.delegate_of} with the delegate",
        )
    if (at and not version) or (equals and not path):
        raise UsageError(f"--engine {text}: expected NAME[@VERSION][=PATH]")
    if equals and not Path(path).is_file():
        raise UsageError(f"--engine {text}: {path} is not a file")
    if not equals and at and engine.wheel is None and version not in engine.releases:
        raise UsageError(
            f"--engine {text}: no version {version} of {name} is pinned",
            fix=f"one of: {', '.join(engine.releases)}; or a file of yours: --engine {name}@{version}=PATH",
        )
    return EngineAsked(engine=name, version=version if at else None, path=Path(path) if equals else None)


def _delegates(engine: Engine) -> str:
    return ", ".join(sorted({d for release in engine.releases.values() for d in release.delegates}))
