"""SavedModel → .tflite with int8 weights and int16 activations: nearly as small as int8, nearly as exact as float.

Parameter `io` is the type of inputs and outputs: `float32` (default) or `int16`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devbench.errors import SuiteError
from devbench.variants.artifact import Artifact, StepContext
from devbench.variants.tflite_converter import convert, representative
from devbench.variants.tflite_converter import tensorflow_version as tool

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "check", "tool"]

CONSUMES = ("saved_model",)
PRODUCES = "tflite"
PARAMETERS: dict[str, str] = {"io": "float32"}


def check(parameters: Mapping[str, str]) -> None:
    if parameters["io"] not in ("float32", "int16"):
        raise SuiteError(f"step int16x8: io is float32 or int16, not {parameters['io']!r}")


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    samples = representative(context, "int16x8")

    def configure(converter: Any) -> None:
        import tensorflow as tf

        mode = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [mode]
        converter.inference_input_type = converter.inference_output_type = tf.as_dtype(parameters["io"])

    return convert(artifact, context, configure)
