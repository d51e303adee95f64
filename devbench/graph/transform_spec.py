"""What transforms there are and what their parameters mean: TensorFlow's from a table, ours from their files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parent / "native_transforms.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSpec:
    """One parameter.

    `kind` is `text`, `node`, `int`, `float`, `bool`, `dtype`, `shape`, `file` or `runtime`. `default` is None where
    there is none; `least` is the smallest int that makes sense. `source_only`: TensorFlow's documentation does not
    have it, only its sources.
    """

    name: str
    kind: str
    does: str
    default: str | None = None
    required: bool = False
    repeats: bool = False
    source_only: bool = False
    least: int | None = None


IGNORE_ERRORS = ParameterSpec(
    name="ignore_errors",
    kind="bool",
    default="false",
    does="when the transform fails, go on with the graph as it was (every transform has this)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec:
    """One transform.

    `native`: TensorFlow's own code, run through its private extension; else a file in devbench/graph/transforms.
    `together` are parameters that are given equally often. `needs_constants`: it works on weights, so a graph with
    variables is refused. `before` names the transforms it is of little use without. `calls`: what TensorFlow's code
    calls it, where its documentation has another name. `any_ends`: inputs and outputs are only names to be kept, so
    one that is not in the graph does no harm.
    """

    name: str
    does: str
    parameters: tuple[ParameterSpec, ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    native: bool = False
    needs_constants: bool = False
    before: str | None = None
    calls: tuple[str, ...] = ()
    any_ends: bool = False

    def parameter(self, name: str) -> ParameterSpec | None:
        return next((p for p in (*self.parameters, IGNORE_ERRORS) if p.name == name), None)


@cache
def native_specs() -> dict[str, TransformSpec]:
    """TensorFlow's transforms by name."""
    with _TABLE.open("rb") as file:
        table = tomllib.load(file)
    return {name: _spec(name, entry) for name, entry in table["transform"].items()}


def all_specs() -> dict[str, TransformSpec]:
    """Every transform by name: TensorFlow's, then ours."""
    from devbench.graph.transforms import own_specs

    return {**native_specs(), **own_specs()}


def _spec(name: str, entry: dict[str, Any]) -> TransformSpec:
    return TransformSpec(
        name=name,
        does=" ".join(entry["does"].split()),
        parameters=tuple(ParameterSpec(**parameter) for parameter in entry.get("parameters", [])),
        together=tuple(tuple(names) for names in entry.get("together", [])),
        native=True,
        needs_constants=entry.get("needs_constants", False),
        before=entry.get("before"),
        calls=tuple(entry.get("calls", [])),
        any_ends=entry.get("any_ends", False),
    )
