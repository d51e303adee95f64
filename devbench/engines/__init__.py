"""Engine libraries: which one runs a model on a target, where its file comes from, its hash, and what it can do."""

from devbench.engines.asked import DEFAULT_ENGINES, EngineAsked, parse_engine
from devbench.engines.file import EngineFile, engine_file
from devbench.engines.limits import DELEGATE_OPTIONS, NEEDS_LIBRARY, delegate_refusal, option_refusal, refusal
from devbench.engines.maven import FetchProgress, silent
from devbench.engines.place import placed
from devbench.engines.resolve import resolve
from devbench.engines.table import engine_table

__all__ = [
    "DEFAULT_ENGINES",
    "DELEGATE_OPTIONS",
    "NEEDS_LIBRARY",
    "EngineAsked",
    "EngineFile",
    "FetchProgress",
    "delegate_refusal",
    "engine_file",
    "engine_table",
    "option_refusal",
    "parse_engine",
    "placed",
    "refusal",
    "resolve",
    "silent",
]
