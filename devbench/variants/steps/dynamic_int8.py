"""SavedModel → .tflite with int8 weights, activations quantised on the fly: small, and needs no data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devbench.variants.artifact import Artifact, StepContext
from devbench.variants.tflite_converter import convert
from devbench.variants.tflite_converter import tensorflow_version as tool

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "tool"]

CONSUMES = ("saved_model",)
PRODUCES = "tflite"
PARAMETERS: dict[str, str] = {}


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    return convert(artifact, context, _configure)


def _configure(converter: Any) -> None:
    import tensorflow as tf

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
