"""Frozen .pb → .pb by TensorFlow's own optimize_for_inference: training nodes out, old batch norms folded."""

from __future__ import annotations

from collections.abc import Mapping

from devbench.errors import ModelError
from devbench.graph.pb_file import parse_graph
from devbench.graph.transform_input import guessed_inputs, guessed_outputs
from devbench.variants.artifact import Artifact, StepContext, write_pb
from devbench.variants.tflite_converter import tensorflow_version as tool

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "tool"]

CONSUMES = ("pb",)
PRODUCES = "pb"
PARAMETERS: dict[str, str] = {}


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    """Inputs are the placeholders, each of the type it had; outputs are what nobody reads."""
    from tensorflow.core.framework.graph_pb2 import GraphDef
    from tensorflow.python.tools.optimize_for_inference_lib import optimize_for_inference

    assert artifact.path is not None
    data = artifact.path.read_bytes()
    graph = GraphDef.FromString(data)
    parsed = parse_graph(data)
    inputs, outputs = guessed_inputs(parsed), guessed_outputs(parsed)
    types = {node.name: node.attr["dtype"].type for node in graph.node}
    try:
        optimised = optimize_for_inference(
            graph, list(inputs), list(outputs), [types[name] for name in inputs]
        )
    except (ValueError, KeyError, TypeError) as e:
        raise ModelError(f"TensorFlow refused the graph: {' '.join(str(e).split())[:400]}") from e
    # it drops them, and a runtime that finds none takes the graph for one of the oldest
    optimised.versions.CopyFrom(graph.versions)
    return write_pb(context, bytes(optimised.SerializeToString()))
