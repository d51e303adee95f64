"""The tables that TensorFlow's own benchmark_model printed, for eyes and scripts that know them.

Columns and titles are those of its StatSummarizer, so `devbench parse` reads the file back; times are milliseconds
and memory is KB (of 1000 bytes) as there. Its `[first]` is left out: only means are kept of each node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from devbench.domain.measurement import OpTime
from devbench.domain.summary import CellSummary
from devbench.reports.base import Format, Report
from devbench.summary import setup_words
from devbench.summary.node_trace import NodeTrace, node_trace

_TOP = 10


def write_tf_summary(report: Report, folder: Path) -> tuple[Path, ...]:
    path = folder / "tf-summary.txt"
    path.write_text(report.scrub(tf_summary(report)), encoding="utf-8")
    return (path,)


def tf_summary(report: Report) -> str:
    """One section a row of the table that has a trace; a sentence where none has."""
    sections = [
        _section(row, trace) for row in report.summaries if (trace := node_trace(row.cell)) is not None
    ]
    if not sections:
        return "No row of this run has a trace: measure with pass ops.\n"
    return "\n".join(sections)


def _section(row: CellSummary, trace: NodeTrace) -> str:
    cell = row.cell
    words = ", ".join(f"{name} {value}" for name, value in setup_words(cell).items())
    lines = [f"# {_one_line(cell.variant.variant)} on {_one_line(cell.device.model)} ({words})", ""]
    lines += [_timings(trace), ""]
    lines += _nodes("Run Order", trace, trace.ops)
    lines += _nodes("Top by Computation Time", trace, trace.costliest(_TOP))
    if trace.memory_bytes is not None:
        lines += _nodes("Top by Memory Use", trace, trace.largest(_TOP))
    lines += [f"Number of nodes executed: {trace.nodes}", *_types(trace), ""]
    lines += [f"Timings (microseconds): count={trace.inferences} avg={trace.total_ns / 1e3:.6g}"]
    if trace.memory_bytes is not None:
        lines.append(f"Memory (bytes): count={trace.inferences} avg={trace.memory_bytes:.0f}")
    return "\n".join([*lines, f"{trace.nodes} nodes observed", ""])


def _timings(trace: NodeTrace) -> str:
    plain, traced = trace.no_stats_ns, f"with stats: {trace.with_stats_ns / 1e3:.6g}"
    parts = [traced] if plain is None else [f"no stats: {plain / 1e3:.6g}", traced]
    return f"Average inference timings in us: {', '.join(parts)}"


def _nodes(title: str, trace: NodeTrace, ops: Iterable[OpTime]) -> Iterator[str]:
    yield _banner(title)
    yield "\t" + "\t".join(
        (f"{'[node type]':>24}", "  [start]", " [avg ms]", "     [%]", "  [cdf%]", "  [mem KB]", "[Name]")
    )
    cumulated = 0.0
    for op in ops:
        pct = _pct(op.mean_ns, trace)
        cumulated += pct
        start = "-" if op.start_ns is None else f"{op.start_ns / 1e6:.3f}"
        yield "\t" + "\t".join(
            (f"{_word(op.type):>24}", f"{start:>9}", f"{op.mean_ns / 1e6:>9.3f}", f"{pct:>7.3f}%",
             f"{cumulated:>7.3f}%", f"{_kilobytes(op.memory_bytes):>10}", _one_line(op.name))
        )  # fmt: skip
    yield ""


def _types(trace: NodeTrace) -> Iterator[str]:
    yield _banner("Summary by node type")
    yield "\t" + "\t".join(
        (
            f"{'[Node type]':>24}",
            "  [count]",
            " [avg ms]",
            "   [avg %]",
            "  [cdf %]",
            " [mem KB]",
            "[times called]",
        )
    )
    cumulated = 0.0
    for kind in trace.types:
        cumulated += kind.pct
        yield "\t" + "\t".join(
            (f"{_word(kind.type):>24}", f"{kind.nodes:>9}", f"{kind.mean_ns / 1e6:>9.3f}", f"{kind.pct:>9.3f}%",
             f"{cumulated:>8.3f}%", f"{_kilobytes(kind.memory_bytes):>9}", f"{kind.calls:>14.6g}")
        )  # fmt: skip


def _banner(title: str) -> str:
    return f"============================== {title} =============================="


def _pct(ns: float, trace: NodeTrace) -> float:
    return 100.0 * ns / trace.total_ns if trace.total_ns else 0.0


def _kilobytes(size: float | None) -> str:
    return "-" if size is None else f"{size / 1000.0:.3f}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _word(text: str) -> str:
    """A type without blanks, as TensorFlow's are: columns are told apart by them."""
    return "_".join(text.split())


FORMATS = (
    Format(
        name="tf-summary",
        sentence="tf-summary.txt, nodes by time, type and memory as TensorFlow's benchmark_model prints them",
        write=write_tf_summary,
    ),
)
