"""What our own runner measured, in the words of TFLite's `benchmark_model`, so that scripts go on working.

The lines are those of the tool with percentiles (era E7 of docs/parse.md). Numbers are not cut to six digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, pstdev

from devbench.domain.job import Job
from devbench.domain.measurement import Measurement
from devbench.domain.summary import Cell
from devbench.reports.base import Format, Report

NAME = "benchmark_model"


def stock_text(report: Report) -> str:
    """A block a process of the native runner that is `ok`, in order; other runners' have text of their own."""
    jobs = {job.job_id: job for job in report.run.header.jobs}
    blocks = [
        "\n".join(_block(summary.cell, measurement, jobs[measurement.job_id])) + "\n"
        for summary in report.summaries
        for measurement in summary.cell.of_pass("latency")
        if measurement.told is None and measurement.samples_ns("load") and measurement.samples_ns("steady")
    ]
    return "\n".join(blocks)


def _block(cell: Cell, m: Measurement, job: Job) -> Iterator[str]:
    """As the tool: its warm-up begins with the first inference."""
    bounds, steady = job.bounds, m.samples_ns("steady")
    warmup = (*m.samples_ns("first"), *m.samples_ns("warmup"))
    load = sum(m.samples_ns("load"))
    path = " ".join(cell.variant.path.split())  # a name with a line of its own would be read as one
    yield f"# {cell.device.device}: {' '.join(cell.variant.variant.split())}, round {m.round}"
    yield "INFO: STARTING!"
    yield "INFO: Log parameter values verbosely: [0]"
    yield f"INFO: Min num runs: [{bounds.steady_min_n}]"
    if cell.backend.threads is not None:
        yield f"INFO: Num threads: [{cell.backend.threads}]"
    yield f"INFO: Graph: [{path}]"
    if cell.backend.threads is not None:
        yield f"INFO: #threads used for CPU inference: [{cell.backend.threads}]"
    yield f"INFO: Loaded model {path}"
    yield from _delegate(m)
    if cell.variant.size_bytes is not None:
        yield f"INFO: The input model file size (MB): {cell.variant.size_bytes / 1e6:.6g}"
    yield f"INFO: Initialized session in {load / 1e6:.10g}ms."
    yield _announced(1, bounds.warmup_min_ms, bounds.warmup_max_ms)
    yield f"INFO: {_stat_line(warmup)}"
    yield ""
    yield _announced(min(bounds.steady_min_n, len(steady)), bounds.steady_min_ms, bounds.steady_soft_ms)
    yield f"INFO: {_stat_line(steady)}"
    yield ""
    yield (
        f"INFO: Inference timings in us: Init: {_us(load)}, First inference: {_us(warmup[0] if warmup else 0)}, "
        f"Warmup (avg): {_us(fmean(warmup) if warmup else 0)}, Inference (avg): {_us(fmean(steady))}"
    )


def _delegate(m: Measurement) -> Iterator[str]:
    actual = m.actual
    if actual is None or actual.delegate in (None, "none"):
        return
    name = str(actual.delegate).upper()
    extent = "completely executed by the delegate."
    if actual.fully_delegated is False:
        extent = f"partially executed by the delegate w/ {actual.partitions or 1} delegate kernels."
    yield f"INFO: Explicitly applied {name} delegate, and the model graph will be {extent}"


def _announced(runs: int, least_ms: int, most_ms: int) -> str:
    return (
        f"INFO: Running benchmark for at least {runs} iterations and at least {least_ms / 1000:g} seconds "
        f"but terminate if exceeding {most_ms / 1000:g} seconds."
    )


def _stat_line(values_ns: Sequence[int]) -> str:
    """Percentile as the tool takes it: element ⌊n·p/100⌋ of the sorted values, counted from 0."""
    if len(values_ns) < 2:
        return f"count={len(values_ns)}" + "".join(f" curr={_us(ns)}" for ns in values_ns)
    ordered = sorted(values_ns)
    values = {
        "first": values_ns[0],
        "curr": values_ns[-1],
        "min": ordered[0],
        "max": ordered[-1],
        "avg": fmean(values_ns),
        "std": pstdev(values_ns),
        **{name: ordered[len(ordered) * p // 100] for name, p in (("p5", 5), ("median", 50), ("p95", 95))},
    }
    return f"count={len(values_ns)} " + " ".join(f"{name}={_us(ns)}" for name, ns in values.items())


def _us(nanoseconds: float) -> str:
    return f"{nanoseconds / 1000:.3f}".rstrip("0").rstrip(".")


def _write(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / f"{NAME}.txt"
    path.write_text(report.scrub(stock_text(report)), encoding="utf-8")
    return (path,)


FORMATS = (
    Format(
        name=NAME, sentence="benchmark_model.txt, in the words of TFLite's tool, for scripts", write=_write
    ),
)
