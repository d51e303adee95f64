"""Frozen .pb → .pb by a string of graph transforms, TensorFlow's and devbench's (docs/transforms.md).

`inputs` and `outputs` are node names with commas; left out, they are the placeholders and what nobody reads.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

from devbench import graph
from devbench.domain.codec import from_json
from devbench.errors import ModelError, SuiteError, UsageError
from devbench.graph.adapter import tensorflow_tool as tool
from devbench.graph.transform_check import check_calls
from devbench.graph.transform_report import TransformStep
from devbench.graph.transform_string import parse_transforms
from devbench.graph.transforms import own_names
from devbench.graph.worker import TransformRequest, run_request
from devbench.variants.artifact import Artifact, StepContext

__all__ = ["CONSUMES", "PARAMETERS", "PRODUCES", "apply", "check", "code_files", "tool"]

CONSUMES = ("pb",)
PRODUCES = "pb"
PARAMETERS: dict[str, str] = {"transforms": "", "inputs": "", "outputs": ""}
_SEED = 0


def check(parameters: Mapping[str, str]) -> None:
    """The string is right, or SuiteError names the nearest transform: before TensorFlow is loaded."""
    if not parameters["transforms"].strip():
        raise SuiteError('step transform needs transforms, as in transforms = "fold_batch_norms"')
    try:
        check_calls(parse_transforms(parameters["transforms"]))
    except UsageError as e:
        raise SuiteError(f"step transform: {e.message}", fix=e.fix) from e


def code_files(parameters: Mapping[str, str]) -> tuple[Path, ...]:
    """What decides the result beside TensorFlow: the edge to it, and our transforms that the string names."""
    folder = Path(str(graph.__file__)).parent
    called = {call.name for call in parse_transforms(parameters["transforms"])}
    own = [folder / "transforms" / f"{name}.py" for name in own_names() if name in called]
    edge = ("adapter", "graph_bytes", "weights")
    helpers = ("constants", "downgrade_rules", "edit", "function_body")
    return (*own, *(folder / f"{name}.py" for name in (*edge, *(helpers if own else ()))))


def apply(artifact: Artifact, parameters: Mapping[str, str], context: StepContext) -> Artifact:
    """In this process, which is a child of devbench already; parity with the graph before stands in the notes."""
    assert artifact.path is not None
    target = context.folder / "graph.pb"
    request = TransformRequest(
        in_graph=str(artifact.path),
        in_is_text=False,
        out_file=str(target),
        out_as_text=False,
        inputs=_names(parameters["inputs"]),
        outputs=_names(parameters["outputs"]),
        calls=parse_transforms(parameters["transforms"]),
        with_parity=True,
        seed=_SEED,
    )
    told = io.StringIO()
    try:
        run_request(request, told)
    except UsageError as e:
        raise ModelError(e.message, fix=e.fix) from e
    events = [json.loads(line) for line in told.getvalue().splitlines()]
    steps = [from_json(TransformStep, event["step"]) for event in events if event["event"] == "step"]
    notes = tuple(note for step in steps for note in _notes(step))
    return Artifact(form="pb", path=target, size_bytes=target.stat().st_size, notes=notes)


def _names(text: str) -> tuple[str, ...] | None:
    return tuple(name.strip() for name in text.split(",") if name.strip()) or None


def _notes(step: TransformStep) -> list[str]:
    """Sentences, each with the transform's name: what it did, what it left, how far the outputs moved."""
    name = step.transform.partition("(")[0]
    said = list(step.notes)
    if step.ignored_error is not None:
        said.append(f"left out, since it failed: {step.ignored_error}")
    elif step.nodes_after != step.nodes_before:
        said.append(f"{step.nodes_before} → {step.nodes_after} nodes")
    if step.parity_reason is not None:
        said.append(f"not compared: {step.parity_reason}")
    elif step.parity_max_abs:
        said.append(
            f"outputs apart by up to {step.parity_max_abs:.2g} of {step.reference_max_abs or 0.0:.2g}"
        )
    return [f"{name}: {sentence}" for sentence in said]
