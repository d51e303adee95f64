"""Our own transforms, one a file: adding one is adding a file with SPEC and apply.

They are found by looking into this folder, so no list has to be kept. Each is a pure function: it changes nothing
in the graph it is given.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from devbench.graph.transform_spec import TransformSpec
from devbench.graph.transform_string import TransformCall

if TYPE_CHECKING:
    from tensorflow.core.framework.graph_pb2 import GraphDef


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformContext:
    """What a transform is called with; it may append sentences for the report to `notes`."""

    call: TransformCall
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: list[str] = field(default_factory=list)


class TransformModule(Protocol):
    """What every file of this folder has; TensorFlow and NumPy are imported inside functions only."""

    SPEC: TransformSpec

    def apply(self, graph: GraphDef, context: TransformContext) -> GraphDef:
        """Another graph; ModelError names the node that stands in the way."""


def own_names() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])))


def own_specs() -> dict[str, TransformSpec]:
    return {name: load_transform(name).SPEC for name in own_names()}


def load_transform(name: str) -> TransformModule:
    return cast(TransformModule, importlib.import_module(f"{__name__}.{name}"))
