"""SavedModel → .pb: one graph with its variables as constants and its function calls inlined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devbench.errors import ModelError
from devbench.graph.pb_file import parse_graph
from devbench.graph.pb_names import VARIABLE_OPS
from devbench.variants.artifact import Artifact, StepContext, write_pb
from devbench.variants.saved_signature import load_signature
from devbench.variants.tflite_converter import tensorflow_version as tool

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "tool"]

CONSUMES = ("saved_model",)
PRODUCES = "pb"
PARAMETERS: dict[str, str] = {}


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    """Inputs have the names of the signature's."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    assert artifact.path is not None
    signature = load_signature(artifact.path)
    try:
        graph = convert_variables_to_constants_v2(signature).graph.as_graph_def()
    except (ValueError, RuntimeError, KeyError) as e:  # what grappler and the converter raise
        raise ModelError(f"TensorFlow cannot freeze the model: {' '.join(str(e).split())[:400]}") from e
    _rename_inputs(graph, [name for name, _ in sorted(signature.structured_input_signature[1].items())])
    data = bytes(graph.SerializeToString())
    left = [node.name for node in parse_graph(data).nodes if node.op in VARIABLE_OPS]
    if left:
        raise ModelError(
            f"the frozen graph still has {len(left)} variables: {', '.join(left[:5])}",
            fix="save the model for inference: with training=False, and without counters of its own",
        )
    return write_pb(context, data)


def _rename_inputs(graph: Any, names: list[str]) -> None:
    """A loaded signature calls its placeholder `serving_default_image` or `image`; the signature's name stays."""
    wanted = {}
    for node in graph.node:
        if node.op != "Placeholder":
            continue
        name = next((n for n in names if node.name in (n, f"serving_default_{n}")), None)
        if name is not None and name != node.name:
            wanted[node.name] = name
    for node in graph.node:
        node.name = wanted.get(node.name, node.name)
        for place, reference in enumerate(node.input):
            base, colon, index = reference.partition(":")
            node.input[place] = wanted.get(base, base) + colon + index
