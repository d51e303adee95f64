"""The referee of parity: what LiteRT's own Python interpreter computes for a model file and given inputs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Array = np.ndarray[Any, Any]


def reference_outputs(model: Path | str, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Outputs by name for inputs by name; names are those of `Variant.inputs` and `Variant.outputs`.

    The inputs' shapes fill open dimensions. Runs single-threaded, with XNNPACK as the interpreter applies it by
    itself. Skips where LiteRT is missing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its announcements are not ours
        litert = pytest.importorskip("ai_edge_litert.interpreter")
    given, asked = _indices(litert, str(model))
    interpreter = litert.Interpreter(str(model), num_threads=1)
    shapes = {detail["index"]: tuple(detail["shape"]) for detail in interpreter.get_input_details()}
    for name, value in inputs.items():
        if shapes[given[name]] != value.shape:
            interpreter.resize_tensor_input(given[name], value.shape, strict=True)
    interpreter.allocate_tensors()
    for name, value in inputs.items():
        interpreter.set_tensor(given[name], value)
    interpreter.invoke()
    return {name: interpreter.get_tensor(index).copy() for name, index in asked.items()}


def only_output(model: Path | str, inputs: Mapping[str, Array]) -> Array:
    """The output of a model that has one."""
    (output,) = reference_outputs(model, inputs).values()
    return output


def each_output(model: Path | str, rows: Array) -> Array:
    """The output of a model with one input and one output for each of `rows`, one at a time, as one array."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        litert = pytest.importorskip("ai_edge_litert.interpreter")
    interpreter = litert.Interpreter(str(model), num_threads=1)
    interpreter.allocate_tensors()
    (given,), (asked,) = interpreter.get_input_details(), interpreter.get_output_details()
    outputs = []
    for place in range(len(rows)):
        interpreter.set_tensor(given["index"], rows[place : place + 1])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(asked["index"]).copy())
    return np.concatenate(outputs)


def _indices(litert: Any, model: str) -> tuple[dict[str, int], dict[str, int]]:
    """Tensor indices of inputs and outputs by name: the first signature's names, else the tensors' own."""
    # On an interpreter of its own: signature runners keep references that forbid allocating again.
    interpreter = litert.Interpreter(model)
    for key in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(key)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        return (
            {name: detail["index"] for name, detail in inputs.items()},
            {name: detail["index"] for name, detail in outputs.items()},
        )
    return (
        {detail["name"]: detail["index"] for detail in interpreter.get_input_details()},
        {detail["name"]: detail["index"] for detail in interpreter.get_output_details()},
    )
