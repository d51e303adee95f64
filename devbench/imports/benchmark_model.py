"""Logs of benchmark_model, each start of the tool a process with one value: all that it tells is an average."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devbench.imports.base import UNKNOWN, ImportedFile, ImportedProcess
from devbench.parse import parse_benchmark_model
from devbench.parse.benchmark_model import BenchmarkRun
from devbench.runners.stock_result import failure_of_run, ops_of_run, series_of_run, told_of_run

KIND = "benchmark_model"
# what a tool ran on when its flag says so; the first that holds
_FLAGS = (("use_gpu", "gpu"), ("use_nnapi", "nnapi"), ("use_hexagon", "hexagon"), ("use_coreml", "coreml"),
          ("use_xnnpack", "xnnpack"))  # fmt: skip
_NAMES = ("xnnpack", "gpu", "nnapi", "hexagon", "coreml")


def read_log(data: bytes) -> ImportedFile:
    """ParseError when it is none."""
    log = parse_benchmark_model(data)
    text = data.decode("utf-8", "replace")
    names = _names([_graph(run) for run in log.runs])
    return ImportedFile(
        kind=KIND,
        processes=tuple(_process(run, name, text) for run, name in zip(log.runs, names, strict=True)),
        notes=log.warnings,
    )


def _process(run: BenchmarkRun, name: str, text: str) -> ImportedProcess:
    failure = failure_of_run(run, text if run.failed else "")
    average = run.inference_avg_us
    measured = failure is None and average is not None
    return ImportedProcess(
        variant=name,
        runner=KIND,
        engine={"T": "tensorflow", "N": "litert"}.get(run.tool or "", "tflite"),
        format="pb" if run.tool == "T" or _graph(run).endswith(".pb") else "tflite",
        delegate=_delegate(run),
        threads=_threads(run),
        size_bytes=run.model_size_bytes,
        series=series_of_run(run) if measured else (),
        told=told_of_run(run, average) if measured and average is not None else None,
        ops=ops_of_run(run),
        failure=failure,
        words=run.warnings,
    )


def _graph(run: BenchmarkRun) -> str:
    return str(run.flags.get("graph") or "")


def _names(graphs: Sequence[str]) -> list[str]:
    """Stems of the graphs' names; with their folder where two different graphs have one; `model` without any."""
    parts = [graph.replace("\\", "/").rstrip("/").split("/") for graph in graphs]
    stems = [(words[-1].rsplit(".", 1)[0] or words[-1]) or "model" for words in parts]
    owners = Counter(stem for stem, _ in set(zip(stems, graphs, strict=True)))
    return [
        f"{words[-2]}/{stem}" if owners[stem] > 1 and len(words) > 1 else stem
        for stem, words in zip(stems, parts, strict=True)
    ]


def _threads(run: BenchmarkRun) -> int | None:
    """None where it was not told, and where the runtime was to choose (-1)."""
    threads = run.flags.get("num_threads")
    return threads if isinstance(threads, int) and threads > 0 else None


def _delegate(run: BenchmarkRun) -> str:
    """What was applied, else what a flag asks for; `none` only where the log says that much."""
    if run.tool == "T":
        return "none"
    if run.delegate is not None:
        if run.delegate.nodes == 0:
            return "none"
        name = (run.delegate.name or "").lower()
        return next((word for word in _NAMES if word in name), name or UNKNOWN)
    asked = next((word for flag, word in _FLAGS if run.flags.get(flag) in (1, "1", "true")), None)
    if asked is not None:
        return asked
    return "none" if run.flags.get("use_xnnpack") in (0, "0", "false") else UNKNOWN
