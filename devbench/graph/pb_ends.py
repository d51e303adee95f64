"""What goes into a graph and what comes out: a .pb does not say, so it is asked for or read off the nodes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devbench.domain.variant import TensorSpec
from devbench.errors import ModelError
from devbench.graph.pb_faults import input_name, listed, needed_nodes
from devbench.graph.pb_file import PbGraph, PbNode
from devbench.graph.pb_names import INPUT_OPS
from devbench.graph.summary import graph_outputs

_WITH_DEFAULT = "PlaceholderWithDefault"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsAsked:
    """What a user says of a graph: its results (`NODE` or `NODE:OUTPUT`), and shapes of inputs as `1,224,224,3`."""

    outputs: tuple[str, ...] = ()
    shapes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEnds:
    """Inputs in the graph's order; `outputs` are those of `fetches` whose type and shape the file says."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    fetches: tuple[str, ...]


def graph_ends(graph: PbGraph, path: Path, asked: EndsAsked) -> GraphEnds:
    """Results: those asked for, else nodes that nobody reads. Inputs: the placeholders that these need.

    A placeholder with a default keeps it, unless there is no other. ModelError names what is not there.
    """
    by_name = {node.name: node for node in graph.nodes}
    fetches = asked.outputs or tuple(tensor.name for tensor in graph_outputs(graph))
    if not fetches:
        raise ModelError(f"every node of {path} is read by another", fix="say what to compute: --outputs NODE")
    for name in fetches:
        if input_name(name) not in by_name:
            near = difflib.get_close_matches(name, list(by_name), n=3) or [t.name for t in graph_outputs(graph)]
            raise ModelError(f"{path} has no node {input_name(name)!r}", fix=f"perhaps {listed(near)}")
    needed = needed_nodes(graph, inputs=(), outputs=fetches)
    fed = [node for node in graph.nodes if node.op in INPUT_OPS and node.name in needed]
    fed = [node for node in fed if node.op != _WITH_DEFAULT] or fed
    known = [by_name[name] for name in fetches if name in by_name]
    return GraphEnds(
        inputs=tuple(_input(node, path, asked.shapes) for node in fed),
        outputs=tuple(
            TensorSpec(name=node.name, dtype=node.dtype, shape=node.shape)
            for node in known
            if node.dtype is not None and node.shape is not None
        ),
        fetches=fetches,
    )


def _input(node: PbNode, path: Path, shapes: Mapping[str, str]) -> TensorSpec:
    shape = node.shape
    if shape is None and node.name in shapes:
        shape = tuple(int(size) for size in shapes[node.name].split(","))
    if shape is None or node.dtype is None:
        raise ModelError(
            f"{path} does not say the shape of its input {node.name}",
            fix=f"--input-shape {node.name}=1,224,224,3, or strip_unused_nodes of `devbench transform`",
        )
    return TensorSpec(name=node.name, dtype=node.dtype, shape=shape)
