"""Engine libraries: which one runs a model on a target, where its file comes from, and its hash."""

from devbench.engines.resolve import DEFAULT_ENGINES, EngineFile, parse_engine, resolve

__all__ = ["DEFAULT_ENGINES", "EngineFile", "parse_engine", "resolve"]
