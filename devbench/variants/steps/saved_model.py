"""Keras or frozen .pb → SavedModel with one signature, from which converters take names and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devbench.errors import ModelError
from devbench.graph.pb_faults import input_name
from devbench.graph.pb_file import parse_graph
from devbench.graph.transform_input import guessed_inputs, guessed_outputs
from devbench.variants.artifact import Artifact, StepContext
from devbench.variants.tflite_converter import tensorflow_version as tool

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "tool"]

CONSUMES = ("keras", "pb")
PRODUCES = "saved_model"
PARAMETERS: dict[str, str] = {}


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    """Inputs and outputs have the names of the Keras model's, or of the graph's nodes."""
    folder = context.folder / "saved_model"
    if artifact.form == "pb":
        _save_graph(artifact, folder)
    else:
        _save_keras(artifact.value, context.batch, folder)
    size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Artifact(form="saved_model", path=folder, size_bytes=size_bytes)


def _save_keras(model: Any, batch: int | None, folder: Path) -> None:
    import tensorflow as tf

    specs = [
        tf.TensorSpec([batch, *tensor.shape[1:]], tensor.dtype, name=tensor.name) for tensor in model.inputs
    ]
    names = list(model.output_names)

    @tf.function(input_signature=specs)  # type: ignore[untyped-decorator]
    def serve(*inputs: object) -> dict[str, object]:
        outputs = model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
        return dict(zip(names, outputs if isinstance(outputs, (list, tuple)) else [outputs], strict=True))

    module = tf.Module()
    # Keras 3 wraps its variables; only bare ones are tracked and so turned into constants by the converter.
    module.variables_of_model = [variable.value for variable in model.variables]
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})


def _save_graph(artifact: Artifact, folder: Path) -> None:
    import tensorflow as tf
    from tensorflow.core.framework.graph_pb2 import GraphDef

    assert artifact.path is not None
    data = artifact.path.read_bytes()
    parsed = parse_graph(data)
    definition = GraphDef.FromString(data)

    def load() -> None:
        tf.import_graph_def(definition, name="")

    try:
        graph = tf.compat.v1.wrap_function(load, [])
        serve = graph.prune(
            [graph.graph.as_graph_element(_first(name)) for name in guessed_inputs(parsed)],
            {input_name(n): graph.graph.as_graph_element(_first(n)) for n in guessed_outputs(parsed)},
        )
        tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": serve})
    except (ValueError, KeyError, TypeError, tf.errors.OpError) as e:
        raise ModelError(f"TensorFlow cannot load the graph: {' '.join(str(e).split())[:400]}") from e


def _first(name: str) -> str:
    return name if ":" in name else f"{name}:0"
