"""Output of the stock benchmark tools: four programs, eight eras, text, CSV profile and result file."""

from __future__ import annotations

from devbench.parse.benchmark_model.log import BenchmarkLog, parse_benchmark_model
from devbench.parse.benchmark_model.proto import result_proto
from devbench.parse.benchmark_model.run import BenchmarkRun, Delegate, Op

__all__ = ["BenchmarkLog", "BenchmarkRun", "Delegate", "Op", "parse_benchmark_model", "result_proto"]
