"""Output of the stock benchmark tools: four programs, eight eras, text, CSV profile and result file."""

from __future__ import annotations

from devbench.parse.benchmark_model.delegate import fully_delegated
from devbench.parse.benchmark_model.help import ToolHelp, parse_tool_help
from devbench.parse.benchmark_model.log import BenchmarkLog, parse_benchmark_model
from devbench.parse.benchmark_model.proto import result_proto
from devbench.parse.benchmark_model.run import BenchmarkRun, Delegate, Op

__all__ = [
    "BenchmarkLog",
    "BenchmarkRun",
    "Delegate",
    "Op",
    "ToolHelp",
    "fully_delegated",
    "parse_benchmark_model",
    "parse_tool_help",
    "result_proto",
]
