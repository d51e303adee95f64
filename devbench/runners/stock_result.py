"""What a stock tool printed, as a Measurement's parts: every doubt a failure or a taint, never a zero."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from devbench.domain.job import Job
from devbench.domain.measurement import Actual, Failure, OpTime, Series, ToolTold, Usage
from devbench.domain.taint import Taint
from devbench.errors import ParseError
from devbench.parse import parse_exit
from devbench.parse.benchmark_model import (
    BenchmarkRun,
    fully_delegated,
    parse_benchmark_model,
    result_proto,
)
from devbench.runners.stock_flags import Refused, performance_option

# Words of the tools that say more than their exit code, most telling first.
_MEANINGS = tuple(
    (kind, re.compile(words, re.IGNORECASE))
    for kind, words in (
        (
            "unsupported-op",
            r"No OpKernel was registered|Op type not registered|Didn't find op for builtin"
            r"|unresolved custom op|Unsupported op\b",
        ),
        ("link", r"CANNOT LINK EXECUTABLE|library \S+ not found|error while loading shared libraries"),
        ("not-executable", r"not executable: |Exec format error|Permission denied"),
        ("delegate-refused", r"Failed to (?:apply|create) .{0,60}delegate|delegate .{0,40}failed to"),
        ("out-of-memory", r"bad_alloc|Out of memory|OOM when allocating"),
        ("bad-model", r"Failed to (?:load|mmap|parse|construct)|Could not create model|Invalid GraphDef"),
    )
)
# "Duplicate flags: num_threads" is the tool's own slip (2.2 to 2.4), no flag of ours is lost by it
_NOT_KNOWN = re.compile(r"Unconsumed cmdline flags|Unknown argument")
_SIGKILL = 9
_FIX_LOG = "logs/ of the run hold all that the tool printed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One process of the tool: its streams, result file, and the lines of our runner's `exec` about it."""

    stdout: str
    stderr: str
    result: bytes | None
    hello: dict[str, Any]
    program: dict[str, Any]
    ran: dict[str, Any]

    @property
    def text(self) -> str:
        return f"{self.stdout}\n{self.stderr}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The parts of a Measurement; with a `failure` there is no number, whatever else was printed."""

    failure: Failure | None
    series: tuple[Series, ...] = ()
    actual: Actual | None = None
    told: ToolTold | None = None
    usage: tuple[Usage, ...] = ()
    ops: tuple[OpTime, ...] = ()
    taints: tuple[Taint, ...] = ()


def understand(job: Job, printed: Printed, asked_runs: int) -> Understood:
    """`printed` read; the exit code outranks the text, because these tools print timings and then fail."""
    usage = (_usage(printed.ran),) if printed.ran else ()  # an app tells none of its end
    ran = printed.ran
    failure = failure_of_exit(printed.text, ran.get("code"), ran.get("signal")) if ran else None
    if failure is not None:
        return Understood(failure=failure, usage=usage)
    try:
        run = _run(job, printed)
    except (ParseError, Refused) as error:
        cause = error.message if isinstance(error, ParseError) else error.failure.cause
        return Understood(failure=_unparsed(cause, printed.text), usage=usage)
    failure = failure_of_run(run, printed.text)
    if failure is not None or run.inference_avg_us is None:
        return Understood(failure=failure or _unparsed("it printed no average", printed.text), usage=usage)
    return Understood(
        failure=None,
        series=series_of_run(run),
        actual=_actual(job, run, printed),
        told=told_of_run(run, run.inference_avg_us),
        usage=usage,
        ops=ops_of_run(run) if job.pass_name == "ops" else (),
        taints=_taints(job, run, asked_runs),
    )


def failure_of_exit(text: str, code: int | None, signal: int | None) -> Failure | None:
    """Why the process did not end well; None if it did."""
    if signal is None and code == 0:
        return None
    how = f"signal {signal}" if signal is not None else f"exit code {code}"
    kind = next((name for name, words in _MEANINGS if words.search(text)), None) or _kind_of_exit(text, signal)
    last = next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it printed nothing")
    fix = _FIX_LOG if kind != "unsupported-op" else "another build of the tool, or convert without the operator"
    return Failure(
        kind=kind, cause=f"the tool ended with {how}: {last[:200]}", evidence=text.strip()[-2000:], fix=fix
    )


def _kind_of_exit(text: str, signal: int | None) -> str:
    if signal is not None:
        return "killed" if signal == _SIGKILL else "crash"
    try:
        return parse_exit(text).failure_kind or "crash"
    except ParseError:
        return "crash"


def _unparsed(cause: str, text: str) -> Failure:
    return Failure(kind="unparsed", cause=cause, evidence=text.strip()[-2000:], fix=_FIX_LOG)


def _run(job: Job, printed: Printed) -> BenchmarkRun:
    """The one run that the text holds, or the one of tool P's that was asked for."""
    log = parse_benchmark_model(printed.text)
    run = log.runs[0]
    if any(found.tool == "P" for found in log.runs):
        name = performance_option(job)
        named = [found for found in log.runs if found.flags.get("performance_option") == name]
        if not named:
            has = ", ".join(str(found.flags.get("performance_option")) for found in log.runs)
            raise ParseError(f"the tool has no option {name!r}; it ran: {has}", reason="not-understood")
        run = dataclasses.replace(named[0], warnings=(*named[0].warnings, *log.warnings))
    elif len(log.runs) != 1:
        raise ParseError(f"{len(log.runs)} runs in the output of one process", reason="not-understood")
    return _with_result(run, printed.result)


def _with_result(run: BenchmarkRun, data: bytes | None) -> BenchmarkRun:
    """The result file has more digits than the text; both must tell of the same run."""
    result = result_proto(data) if data else None
    if result is None or result.inference_avg_us is None or run.inference_avg_us is None:
        return run
    if abs(result.inference_avg_us - run.inference_avg_us) > max(10.0, 1e-5 * run.inference_avg_us):
        raise ParseError(
            f"the average is {run.inference_avg_us:g} us in the text and {result.inference_avg_us:g} us in the "
            "result file",
            reason="not-understood",
        )
    names = ("init", "first_inference", "warmup_avg", "inference_avg", "min", "max", "std", "median", "p5", "p95")
    values: dict[str, Any] = {f"{name}_us": getattr(result, f"{name}_us") for name in names}
    return dataclasses.replace(run, **{name: value for name, value in values.items() if value is not None})


def failure_of_run(run: BenchmarkRun, text: str) -> Failure | None:
    """Why its numbers do not count; None if they do."""
    refused = [warning for warning in run.warnings if _NOT_KNOWN.search(warning)]
    if refused:
        return _unparsed(f"the tool did not take all that was asked for: {'; '.join(refused)}", text)
    if run.failed:
        kind = next((name for name, words in _MEANINGS if words.search(text)), "unparsed")
        why = "; ".join(run.warnings) or "it says that it failed"
        cause = f"the tool failed: {why}"[:400]
        return Failure(kind=kind, cause=cause, evidence=text.strip()[-2000:], fix=_FIX_LOG)
    return None


def series_of_run(run: BenchmarkRun) -> tuple[Series, ...]:
    """Load, first and steady, a value each, as far as the tool told them."""
    values = {"load": run.init_us, "first": run.first_inference_us, "steady": run.inference_avg_us}
    return tuple(
        Series(phase=phase, values_ns=(ns,))  # type: ignore[arg-type]
        for phase, value in values.items()
        if (ns := _ns(value)) is not None
    )


def _ns(microseconds: float | None) -> int | None:
    return None if microseconds is None else round(microseconds * 1000)


def told_of_run(run: BenchmarkRun, average_us: float) -> ToolTold:
    """All that it printed of its inferences."""
    return ToolTold(
        tool=run.tool,
        era=run.era,
        count=run.count,
        avg_ns=round(average_us * 1000),
        min_ns=_ns(run.min_us),
        max_ns=_ns(run.max_us),
        std_ns=_ns(run.std_us),
        median_ns=_ns(run.median_us),
        p5_ns=_ns(run.p5_us),
        p95_ns=_ns(run.p95_us),
        warmup_avg_ns=_ns(run.warmup_avg_us),
        peak_memory_bytes=run.peak_memory_bytes,
        nodes_executed=run.nodes_executed,
        warnings=run.warnings,
    )


def _actual(job: Job, run: BenchmarkRun, printed: Printed) -> Actual:
    """`threads` is what the tool says it took; how many lived, nobody saw."""
    threads = run.flags.get("num_threads")
    delegate, nodes = _delegate(job, run, printed.text), run.delegate
    return Actual(
        engine=job.backend.engine,
        engine_version=job.backend.engine_version,
        abi=job.abi,
        runner_version=str(printed.hello.get("version")),
        delegate=delegate,
        fully_delegated=fully_delegated(printed.text) if run.tool != "P" else None,
        delegated_nodes=nodes.nodes if nodes else None,
        nodes=nodes.of if nodes else None,
        partitions=nodes.partitions if nodes else None,
        threads=threads if isinstance(threads, int) else None,
        cpus_allowed=printed.program.get("cpus_allowed"),
    )


def _delegate(job: Job, run: BenchmarkRun, text: str) -> str | None:
    """The delegate by our word, None where nothing tells: a tool's silence confirms only that there is none."""
    asked = job.backend.delegate
    if run.tool == "T":
        return "none"
    if run.tool == "P":
        return asked  # the option's own name says so
    found = run.delegate
    if found is None:
        return "none" if asked == "none" else None
    if found.nodes == 0:
        return "none"
    name = (found.name or "").lower()
    words = {"xnnpack": "xnnpack", "gpu": "gpu", "nnapi": "nnapi"}
    kind = next((word for sign, word in words.items() if sign in name), name or None)
    created_only = found.nodes is None and fully_delegated(text) is None
    if created_only and asked != "none":
        return None  # made, but nothing says that it took a part of the model
    return asked if kind is not None and asked.startswith(kind) else kind


def _usage(ran: dict[str, Any]) -> Usage:
    keys = (
        "wall_ns", "utime_ns", "stime_ns", "minor_faults", "major_faults", "voluntary_switches",
        "involuntary_switches",
    )  # fmt: skip
    return Usage(phase="process", vm_hwm_bytes=ran.get("max_rss_bytes"), **{key: ran[key] for key in keys})


def ops_of_run(run: BenchmarkRun) -> tuple[OpTime, ...]:
    """The rows of its profile that have a time."""
    return tuple(
        OpTime(
            index=index, type=op.node_type, name=op.name or "", mean_ns=op.avg_us * 1000, calls=op.times_called or 1
        )
        for index, op in enumerate(run.ops)
        if op.avg_us is not None
    )


def _taints(job: Job, run: BenchmarkRun, asked_runs: int) -> tuple[Taint, ...]:
    found = []
    if run.count is None or run.count < asked_runs:
        found.append(
            Taint(
                id="COUNT-TOO-LOW",
                sentence="The measurement ended early: there are fewer inferences than asked for.",
                detail=f"{'unknown' if run.count is None else run.count} inferences, asked {asked_runs}",
                fix="the tool stops at its longest time; another profile gives it more, or see the run's log",
            )
        )
    if run.tool == "P":
        found.append(
            Taint(
                id="SHARED-PROCESS",
                sentence="Other ways of running were measured in the same process.",
                detail="heat, caches and memory of one are in the next",
                fix="the tool without performance options starts a process for each",
            )
        )
    return tuple(found)
