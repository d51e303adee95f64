"""The one adapter to TensorFlow's TFLite converter, because the .tflite steps differ by two lines each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from devbench.errors import ModelError
from devbench.graph.tflite_file import parse_tflite
from devbench.variants.artifact import Artifact, StepContext
from devbench.variants.converter_log import explained


def convert(artifact: Artifact, context: StepContext, configure: Callable[[Any], None]) -> Artifact:
    """The SavedModel in `artifact` as .tflite; `configure` sets the options of the TFLiteConverter."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(artifact.path))
    configure(converter)
    try:
        data = converter.convert()
    except Exception as e:  # the converter's exceptions have no public base class
        raise ModelError(f"the TFLite converter refused the model: {explained(str(e))}") from e
    path = context.folder / "model.tflite"
    path.write_bytes(data)
    notes: tuple[str, ...] = ()
    if converter.optimizations and not _has_quantised(data):
        notes = ("changed no weights: the converter leaves tensors of fewer than 1024 elements as they are",)
    return Artifact(form="tflite", path=path, size_bytes=len(data), notes=notes)


def _has_quantised(data: bytes) -> bool:
    """Whether any constant is of one of the types that weights are made smaller with."""
    return any(c.tensor.dtype in ("int8", "int16", "int4", "float16") for c in parse_tflite(data).constants)


def representative(context: StepContext, what: str) -> Callable[[], Any]:
    """The recipe's representative data for the converter; ModelError when the recipe has none."""
    if context.samples is None:
        raise ModelError(
            f"{what} needs representative data",
            fix="give the recipe: representative = { samples = 16 }",
        )
    return context.samples


def tensorflow_version() -> str:
    import tensorflow as tf

    return f"tensorflow {tf.__version__}"
