"""SavedModel → .tflite computed in int8 throughout, with ranges from representative data.

Parameter `io` is the type of inputs and outputs: `float32` (default, so that every variant of a model takes
the same input; the file then starts with QUANTIZE and ends with DEQUANTIZE) or `int8`.
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
    if parameters["io"] not in ("float32", "int8"):
        raise SuiteError(f"step int8: io is float32 or int8, not {parameters['io']!r}")


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    samples = representative(context, "full int8")

    def configure(converter: Any) -> None:
        import tensorflow as tf

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.as_dtype(parameters["io"])

    return convert(artifact, context, configure)
