"""A whole log: one run or many, one after the other, or the summary of tool P over its sets of options."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from devbench.parse.benchmark_model.flags import argued_flags
from devbench.parse.benchmark_model.message import Message, message
from devbench.parse.benchmark_model.proto import result_proto
from devbench.parse.benchmark_model.reader import RunReader
from devbench.parse.benchmark_model.run import BenchmarkRun, Delegate, Op
from devbench.parse.benchmark_model.stat import Stat, stat_line
from devbench.parse.refusal import refuse
from devbench.parse.text import Notes, clean

_OPTIONS_SUMMARY = re.compile(r"Summary of All Runs w/ Different Performance Options")
_OPTION_LINE = re.compile(r"[ \t]{0,40}(\S.{0,80}?):[ ]{1,4}(count=|failed!)")
_TOOLS = {
    "T": "TensorFlow benchmark_model",
    "L": "TFLite benchmark_model",
    "P": "TFLite benchmark_model, performance options",
    "N": "LiteRT benchmark_model",
}
_FUSED = re.compile(r"(--[a-z_]{1,60}=[^\s]{0,400}?)((?:INFO: )?STARTING!)")
_ANYTHING = re.compile(
    r"STARTING!|Inference timings in us|inference timings in us|Running benchmark for|BENCHMARK RESULTS"
    r"|Initialized session|Number of nodes executed|nodes observed"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkLog:
    """All runs of a text; the fields of the only run also here, else None."""

    source: str
    runs: tuple[BenchmarkRun, ...]
    tool: str | None = None
    era: str | None = None
    failed: bool | None = None
    init_us: float | None = None
    first_inference_us: float | None = None
    warmup_avg_us: float | None = None
    inference_avg_us: float | None = None
    count: int | None = None
    min_us: float | None = None
    max_us: float | None = None
    std_us: float | None = None
    median_us: float | None = None
    p5_us: float | None = None
    p95_us: float | None = None
    nodes_executed: int | None = None
    model_size_bytes: int | None = None
    peak_memory_bytes: int | None = None
    init_footprint_bytes: int | None = None
    overall_footprint_bytes: int | None = None
    delegate: Delegate | None = None
    ops: tuple[Op, ...] | None = None
    flags: dict[str, int | float | str] | None = field(default=None)
    warnings: tuple[str, ...] = ()


def parse_benchmark_model(text: str | bytes) -> BenchmarkLog:
    """Runs of any of the four tools, or LiteRT's result file (bytes); ParseError if there is no run."""
    if isinstance(text, bytes) and (run := result_proto(text)):
        return _log("result proto", [run], Notes())
    text = clean(text)
    if not _ANYTHING.search(text):
        raise refuse("benchmark_model", text)
    notes = Notes()
    # a prompt without a newline of its own: the tool's first words stand behind its command line
    text = _FUSED.sub(r"\1\n\2", text)
    messages = [message(line) for line in text.split("\n")]
    runs, options = _runs(messages)
    if options:
        return _log(_TOOLS["P"], _by_option(options, runs, notes), notes)
    if not runs:
        raise refuse("benchmark_model", text)
    tools = {_TOOLS[run.tool] for run in runs if run.tool}
    return _log(", ".join(sorted(tools)) or "benchmark_model", runs, notes)


def _log(source: str, runs: list[BenchmarkRun], notes: Notes) -> BenchmarkLog:
    eras = sorted({run.era for run in runs if run.era})
    source = f"{source} {', '.join(eras)}".strip()
    if len(runs) != 1:
        return BenchmarkLog(source=source, runs=tuple(runs), warnings=notes.done())
    for text in runs[0].warnings:
        notes.warn(text)
    copied = {name: getattr(runs[0], name) for name in BenchmarkRun.__slots__ if name != "warnings"}
    return BenchmarkLog(source=source, runs=tuple(runs), warnings=notes.done(), **copied)


def _runs(messages: list[Message]) -> tuple[list[BenchmarkRun], dict[str, Stat | None]]:
    """The runs in order, and the table of tool P (option → stat line, None if it failed) if there is one."""
    readers = [RunReader()]
    options: dict[str, Stat | None] | None = None
    for item in messages:
        if _OPTIONS_SUMMARY.search(item.text[:200]):
            options = {}
            continue
        if options is not None and (match := _OPTION_LINE.match(item.text)):
            stat = stat_line(item.text[match.start(2) :]) if match[2] == "count=" else None
            options.setdefault(match[1].strip(), stat)
            continue
        if _begins(item, readers[-1]):
            readers.append(RunReader())
        readers[-1].feed(item)
    return [reader.run() for reader in _started(readers)], options or {}


def _started(readers: list[RunReader]) -> list[RunReader]:
    """Those that something of a run is in; a command line belongs to the start that follows it."""
    found: list[RunReader] = []
    argued: dict[str, int | float | str] = {}
    for reader in readers:
        if reader.only_asked:
            argued |= reader.flags
            continue
        if reader.empty and not reader.flags and reader.failures == 0:
            continue
        for name, value in argued.items():
            reader.flags.setdefault(name, value)
        argued = {}
        found.append(reader)
    return found


def _begins(item: Message, reader: RunReader) -> bool:
    """Whether a line is the first of another run: its start, or a second model or session without one."""
    if item.text.startswith("STARTING!"):
        return not reader.empty or "graph" in reader.flags
    if (reader.started or not reader.empty) and "graph" in argued_flags(item.text):
        return True
    if item.text.startswith("Log parameter values verbosely"):
        return "verbose" in reader.flags
    if item.text.startswith("Graph: ["):
        return "graph" in reader.flags
    return item.text.startswith("Initialized session in") and bool(reader.phases)


def _by_option(options: dict[str, Stat | None], runs: list[BenchmarkRun], notes: Notes) -> list[BenchmarkRun]:
    """One run an option of tool P: what it printed while running, found by its stat line, under its name."""
    notes.warn("all options ran in one process: memory and heat of one are in the next")
    found = []
    for name, stat in options.items():
        if stat is None:
            found.append(
                BenchmarkRun(tool="P", flags={"performance_option": name}, warnings=(f"{name}: failed!",))
            )
            continue
        run = next((run for run in runs if _same(run, stat)), None)
        if run is None:
            run = BenchmarkRun(
                failed=stat.avg is None,
                inference_avg_us=stat.avg,
                count=stat.count,
                min_us=stat.min,
                max_us=stat.max,
                std_us=stat.std,
                median_us=stat.median,
                p5_us=stat.p5,
                p95_us=stat.p95,
            )
        found.append(replace(run, tool="P", era=None, flags={**run.flags, "performance_option": name}))
    return found


def _same(run: BenchmarkRun, stat: Stat) -> bool:
    return (run.count, run.min_us, run.max_us, run.std_us) == (stat.count, stat.min, stat.max, stat.std)
