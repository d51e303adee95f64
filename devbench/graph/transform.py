"""Transforms a graph file by a string: checked first, run in a process of its own, written whole or not at all."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from devbench.domain.codec import from_json, to_json
from devbench.errors import ModelError, UsageError
from devbench.graph.child import run_worker
from devbench.graph.pb_file import read_pb
from devbench.graph.transform_check import check_calls
from devbench.graph.transform_input import check_graph, ends_of
from devbench.graph.transform_report import SCHEMA, TransformReport, TransformStep
from devbench.graph.transform_string import TransformCall, parse_transforms
from devbench.graph.worker import TransformRequest
from devbench.hashing import sha256_of

DEADLINE_S = 120.0
_TEXT_SUFFIXES = (".pbtxt", ".txt")
_TEXT = re.compile(rb"(?:\s|#[^\n]*\n)*(?:node|versions?|library|debug_info)\s*:?\s*[{<]")


def transform_graph(
    in_graph: Path,
    out_graph: Path,
    transforms: str,
    *,
    inputs: tuple[str, ...] | None = None,
    outputs: tuple[str, ...] | None = None,
    parity: bool = True,
    as_text: bool = False,
    deadline_s: float = DEADLINE_S,
    seed: int = 0,
    progress: Callable[[str], None] = lambda text: None,
) -> TransformReport:
    """Apply `transforms` to `in_graph` and write `out_graph`, which may be the same file.

    Inputs and outputs are node names, or tensors as 'name:1'; left out, they are the placeholders and what nobody
    reads. `deadline_s` is for each transform. UsageError or ModelError, and then nothing is written.
    """
    calls = _checked_calls(transforms, in_graph, inputs, outputs)
    _check_out_graph(out_graph)
    in_sha256 = sha256_of(in_graph)
    # beside the result, so that it can be renamed into its place in one go
    with tempfile.TemporaryDirectory(prefix=".devbench-transform-", dir=out_graph.parent) as folder:
        request = TransformRequest(
            in_graph=str(in_graph.absolute()),
            in_is_text=is_text(in_graph),
            out_file=str(Path(folder) / "out.pb"),
            out_as_text=as_text,
            inputs=inputs,
            outputs=outputs,
            calls=calls,
            with_parity=parity,
            seed=seed,
        )
        steps, done = _run(request, Path(folder), deadline_s, progress)
        out_sha256 = sha256_of(Path(request.out_file))
        Path(request.out_file).replace(out_graph)
    return TransformReport(
        schema=SCHEMA,
        in_graph=str(in_graph),
        out_graph=str(out_graph),
        in_sha256=in_sha256,
        out_sha256=out_sha256,
        inputs=tuple(done["inputs"]),
        outputs=tuple(done["outputs"]),
        tool=done["tool"],
        steps=steps,
    )


def _checked_calls(
    transforms: str, path: Path, inputs: tuple[str, ...] | None, outputs: tuple[str, ...] | None
) -> tuple[TransformCall, ...]:
    """The calls after all checks that need no TensorFlow, before it is loaded."""
    calls = parse_transforms(transforms)
    check_calls(calls)
    if is_text(path):
        return calls  # checked in the other process, which can read it
    graph = read_pb(path)
    inputs, outputs = ends_of(graph, inputs, outputs)
    check_graph(graph, calls, inputs=inputs, outputs=outputs)
    return calls


def _check_out_graph(path: Path) -> None:
    if not path.parent.is_dir():
        raise UsageError(f"the folder of --out-graph {path} does not exist")
    if path.is_dir():
        raise UsageError(f"--out-graph {path} is a folder")


def _run(
    request: TransformRequest, folder: Path, deadline_s: float, progress: Callable[[str], None]
) -> tuple[tuple[TransformStep, ...], dict[str, Any]]:
    order = folder / "request.json"
    order.write_text(json.dumps(to_json(request)), encoding="utf-8")
    steps: list[TransformStep] = []
    done: dict[str, Any] = {}

    def told(event: dict[str, Any]) -> None:
        if event["event"] == "begin":
            progress(event["what"])
        elif event["event"] == "step":
            steps.append(from_json(TransformStep, event["step"]))
        else:
            done.update(event)

    run_worker(order, log=folder / "log.txt", deadline_s=deadline_s, told=told)
    if not done:
        raise ModelError("the process that transforms ended without a word")
    return tuple(steps), done


def is_text(path: Path) -> bool:
    """TensorFlow's tool took graphs as text too, whatever they are called: one begins with a field's name."""
    if path.suffix in _TEXT_SUFFIXES:
        return path.is_file()
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _TEXT.match(file.read(4096)) is not None
