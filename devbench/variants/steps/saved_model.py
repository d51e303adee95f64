"""Keras → SavedModel with one signature of fixed batch, from which converters take names and shapes."""

from __future__ import annotations

from collections.abc import Mapping

from devbench.variants.artifact import Artifact, StepContext
from devbench.variants.tflite_converter import tensorflow_version as tool

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "tool"]

CONSUMES = ("keras",)
PRODUCES = "saved_model"
PARAMETERS: dict[str, str] = {}


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    """The SavedModel's inputs and outputs have the names of the Keras model's."""
    import tensorflow as tf

    model = artifact.value
    specs = [
        tf.TensorSpec([context.batch, *tensor.shape[1:]], tensor.dtype, name=tensor.name)
        for tensor in model.inputs
    ]
    names = list(model.output_names)

    @tf.function(input_signature=specs)  # type: ignore[untyped-decorator]
    def serve(*inputs: object) -> dict[str, object]:
        outputs = model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)
        return dict(zip(names, outputs if isinstance(outputs, (list, tuple)) else [outputs], strict=True))

    module = tf.Module()
    # Keras 3 wraps its variables; only bare ones are tracked and so turned into constants by the converter.
    module.variables_of_model = [variable.value for variable in model.variables]
    folder = context.folder / "saved_model"
    tf.saved_model.save(module, str(folder), signatures={"serving_default": serve})
    size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Artifact(form="saved_model", path=folder, size_bytes=size_bytes)
