"""The ops an older runtime knows, as that runtime's library itself lists them: data in the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from devbench.errors import UsageError

_FOLDER = files("devbench").joinpath("data", "op_lists")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAttribute:
    """An attribute of an op: `allowed` are numbers of tensor types (empty: all); `required`: it has no default."""

    allowed: tuple[int, ...]
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOp:
    """An op as the runtime registers it; `outputs` is None where their number depends on attributes."""

    attributes: dict[str, KnownAttribute]
    outputs: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeOps:
    """A runtime: `graph_version` is the newest version of graphs it was made for."""

    runtime: str
    graph_version: int
    ops: dict[str, KnownOp]


@cache
def runtime_names() -> tuple[str, ...]:
    """Runtimes with a list, sorted: `tfmobile-1.13.1`, …"""
    names = (entry.name for entry in _FOLDER.iterdir()) if _FOLDER.is_dir() else ()
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


@cache
def runtime_ops(runtime: str) -> RuntimeOps:
    """The list of one runtime; UsageError names those there are."""
    if runtime not in runtime_names():
        raise UsageError(
            f"no ops of a runtime {runtime!r} are known", fix=f"there are {', '.join(runtime_names())}"
        )
    data = json.loads(_FOLDER.joinpath(f"{runtime}.json").read_text("utf-8"))
    return RuntimeOps(
        runtime=runtime,
        graph_version=data["graph_version"],
        ops={name: _op(entry) for name, entry in data["ops"].items()},
    )


def _op(entry: dict[str, object]) -> KnownOp:
    attributes, outputs = entry["attributes"], entry.get("outputs")
    assert isinstance(attributes, dict)
    return KnownOp(
        attributes={
            name: KnownAttribute(allowed=tuple(a.get("allowed", ())), required=a.get("required", False))
            for name, a in attributes.items()
        },
        outputs=outputs if isinstance(outputs, int) else None,
    )
