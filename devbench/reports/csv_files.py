"""summary.csv, samples.csv and processes.csv, because a table is read by eyes but studied by other programs.

Columns are fixed in docs/results-format.md; an unknown value is an empty field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from devbench.domain.job import Job
from devbench.domain.summary import Cell, CellSummary, Estimate
from devbench.reports.base import Format, Report
from devbench.summary.processes import Process, fastest_khz, hottest_c, processes_of

SUMMARY_COLUMNS = (
    "run_id", "device", "device_model", "virtual", "model", "variant", "format", "engine", "engine_version",
    "runner", "delegate", "threads", "cores", "abi", "metric", "phase", "unit", "value", "low", "high", "n",
    "rounds", "status", "verdict", "taints",
)  # fmt: skip
SAMPLE_COLUMNS = (
    "run_id", "device", "variant", "engine", "runner", "threads", "round", "attempt", "phase", "index", "ns",
)  # fmt: skip


PROCESS_COLUMNS = (
    "run_id", "device", "variant", "engine", "delegate", "threads", "cores", "load", "runner", "order", "round",
    "attempt", "added", "status", "reason", "started_at", "n", "median_ns", "warmup_status", "warmup_n", "outliers",
    "cv", "trend", "lag1", "hottest_before_c", "hottest_after_c", "clock_khz", "clock_state", "taints",
)  # fmt: skip


def write_csv(report: Report, folder: Path) -> tuple[Path, ...]:
    """summary.csv (a row a cell and metric), samples.csv (an inference), processes.csv (an attempt)."""
    summary, samples, processes = (folder / f"{name}.csv" for name in ("summary", "samples", "processes"))
    with open(summary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SUMMARY_COLUMNS)
        writer.writerows(summary_rows(report))
    with open(samples, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(SAMPLE_COLUMNS) + "\n")
        file.writelines(_sample_blocks(report))
    with open(processes, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PROCESS_COLUMNS)
        writer.writerows(process_rows(report))
    return summary, samples, processes


def summary_rows(report: Report) -> Iterator[tuple[object, ...]]:
    """The rows of summary.csv in the order of SUMMARY_COLUMNS."""
    for summary in (*report.summaries, *report.controls):
        for estimate in summary.estimates:
            yield _summary_row(report.run.header.run_id, summary, estimate)


def _summary_row(run_id: str, summary: CellSummary, estimate: Estimate) -> tuple[object, ...]:
    cell = summary.cell
    ran = next((m.actual for m in cell.measurements if m.status == "ok" and m.actual), None)
    version = ran.engine_version if ran and ran.engine_version else cell.backend.engine_version
    numbers = (estimate.value, estimate.low, estimate.high)
    return (
        run_id,
        cell.device.device,
        cell.device.model,
        "true" if cell.device.virtual else "false",
        cell.variant.model,
        cell.variant.variant,
        cell.variant.format,
        cell.backend.engine,
        version or "",
        cell.runner,
        _delegate(cell),
        cell.backend.threads,
        cell.backend.cores,
        cell.abi,
        estimate.metric,
        estimate.phase,
        estimate.unit,
        *("" if number is None else f"{number:.10g}" for number in numbers),
        estimate.n,
        estimate.rounds,
        summary.status,
        summary.verdict,
        " ".join(taint.id for taint in summary.taints),
    )


def _delegate(cell: Cell) -> str:
    """A way of loading that was asked for stands behind it: the columns are those that scripts know."""
    return f"{cell.backend.delegate_told} {cell.backend.load_told}".rstrip()


def process_rows(report: Report) -> Iterator[tuple[object, ...]]:
    """The rows of processes.csv: every attempt at a latency, those that do not count too, in the order they ran."""
    for summary in (*report.summaries, *report.controls):
        for process in processes_of(report.run.header, summary.cell):
            yield _process_row(report.run.header.run_id, summary.cell, process)


def _process_row(run_id: str, cell: Cell, p: Process) -> tuple[object, ...]:
    m, quality, backend = p.measurement, p.quality, cell.backend
    known = (
        p.median_ns,
        m.warmup_status,
        len(m.samples_ns("warmup")),
        *((quality.outliers, quality.cv, quality.trend, quality.lag1) if quality else (None,) * 4),
        hottest_c(m.state_before),
        hottest_c(m.state_after),
        fastest_khz(m),
        m.clock_state,
    )
    return (
        run_id,
        cell.device.device,
        cell.variant.variant,
        backend.engine,
        backend.delegate_told,
        backend.threads,
        backend.cores,
        backend.load,
        cell.runner,
        p.order,
        m.round,
        m.attempt,
        "true" if p.added else "false",
        m.status,
        m.failure.kind if m.failure else "",
        m.started_at,
        len(m.samples_ns("steady")),
        *("" if value is None else f"{value:.10g}" if isinstance(value, float) else value for value in known),
        " ".join(taint.id for taint in m.taints),
    )


def _sample_blocks(report: Report) -> Iterator[str]:
    """One block of lines a phase of an attempt; what they share is quoted once, which keeps 10⁶ rows fast."""
    jobs = {job.job_id: job for job in report.run.header.jobs}
    for measurement in report.run.measurements:
        job = jobs.get(measurement.job_id)
        if job is None:
            continue
        index: dict[str, int] = {}
        for series in measurement.series:
            start = index.get(series.phase, 0)
            index[series.phase] = start + len(series.values_ns)
            prefix = _sample_prefix(report.run.header.run_id, job, measurement.attempt, series.phase)
            yield "".join(f"{prefix}{i},{ns}\n" for i, ns in enumerate(series.values_ns, start))


def _sample_prefix(run_id: str, job: Job, attempt: int, phase: str) -> str:
    line = io.StringIO()
    shared = (run_id, job.device, job.variant, job.backend.engine, job.runner, job.backend.threads)
    csv.writer(line, lineterminator="").writerow((*shared, job.round, attempt, phase))
    return line.getvalue() + ","


FORMATS = (Format(name="csv", sentence="summary.csv, samples.csv and processes.csv", write=write_csv),)
