"""The talk's logic gates as frozen graphs of TensorFlow 1, made without TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "graph"))
from made_graphs import Graph, dtype, text

__all__ = ["Graph", "and_gate", "dtype", "text", "xor_gate"]


def layer(graph: Graph, name: str, source: str, weights: list[float], columns: int, biases: list[float]) -> str:
    """sigmoid(source · weights + biases), as the talk builds its gates."""
    rows = len(weights) // columns
    graph.constant(f"{name}/w", weights, rows, columns)
    graph.constant(f"{name}/b", biases, columns)
    graph.float_op(f"{name}/product", "MatMul", source, f"{name}/w")
    graph.float_op(f"{name}/sum", "Add", f"{name}/product", f"{name}/b")
    return graph.float_op(name, "Sigmoid", f"{name}/sum")


def and_gate(path: Path, **ends: Any) -> Path:
    graph = Graph(producer=22)
    graph.input("x", *ends.get("shape", (-1, 2)))
    layer(graph, "y", "x", [20, 20], 1, [-30])
    path.write_bytes(graph.bytes)
    return path


def xor_gate(path: Path) -> Path:
    """Either but not both: OR and NAND in a hidden layer."""
    graph = Graph(producer=22)
    graph.input("x", -1, 2)
    layer(graph, "hidden", "x", [20, -20, 20, -20], 2, [-10, 30])
    layer(graph, "y", "hidden", [20, 20], 1, [-30])
    path.write_bytes(graph.bytes)
    return path
