"""Times of operators as node data for Google AI Edge Model Explorer, which colours the graph by them.

Its format: graph id → `results` (key → `value`) and a `gradient`; a key is the output tensor of a node. A .tflite
file's first graph has the name that stands in the file, else `main`. Source: node_data_builder.py and
direct_flatbuffer_to_json_graph_convert.cc of github.com/google-ai-edge/model-explorer.
"""

from __future__ import annotations

import json
from pathlib import Path

from devbench.domain.codec import Json
from devbench.domain.measurement import OpTime
from devbench.domain.summary import CellSummary
from devbench.domain.variant import Variant
from devbench.errors import ModelError
from devbench.graph.tflite_file import read_operators
from devbench.hashing import sha256_of
from devbench.reports.base import Format, Report, file_name
from devbench.summary.op_nodes import tensors_of
from devbench.summary.ops import profile_of

_COLOURS = ("#ffffff", "#f0e442", "#d55e00")


def write_model_explorer(report: Report, folder: Path) -> tuple[Path, ...]:
    """`model-explorer/<variant>-<device>-<n>.json`, in microseconds, where operators can be told apart."""
    written = []
    for i, summary in enumerate(report.summaries):
        data = node_data(summary)
        if data is not None:
            cell = summary.cell
            name = f"{cell.variant.variant}-{cell.device.device}-{i}"
            path = folder / "model-explorer" / f"{file_name(name)}.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            written.append(path)
    return tuple(written)


def node_data(summary: CellSummary) -> dict[str, Json] | None:
    """What Model Explorer reads; None without a profile, or where no operator is known to be a node."""
    profile = profile_of(summary.cell)
    if profile is None or summary.cell.variant.format != "tflite":
        return None
    graph, nodes = _graph(summary.cell.variant)
    ops = [
        OpTime(index=op.index, type=op.type, name=op.name, mean_ns=op.ns, calls=1, delegate=op.delegate)
        for op in profile.ops
    ]
    tensors = tensors_of(ops, nodes)
    totals: dict[str, float] = {}
    for op in ops:
        if op.index in tensors:
            key = tensors[op.index]
            totals[key] = totals.get(key, 0.0) + op.mean_ns
    if not totals:
        return None
    results: dict[str, Json] = {key: {"value": round(ns / 1000, 3)} for key, ns in totals.items()}
    gradient: list[Json] = [
        {"stop": i / (len(_COLOURS) - 1), "bgColor": colour} for i, colour in enumerate(_COLOURS)
    ]
    return {graph: {"results": results, "gradient": gradient}}


def _graph(variant: Variant) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The graph's name and nodes from the very file that was measured; without it, the usual name and no node."""
    path = Path(variant.path)
    try:
        if not path.is_file() or sha256_of(path) != variant.sha256:
            return "main", ()
        return read_operators(path)
    except (ModelError, OSError):
        return "main", ()


FORMATS = (
    Format(
        name="model-explorer",
        sentence="operator times as node data for AI Edge Model Explorer",
        write=write_model_explorer,
    ),
)
