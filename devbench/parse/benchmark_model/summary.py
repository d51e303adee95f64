"""The line or block that sums a run up, one pattern an era, all in microseconds."""

from __future__ import annotations

import re

from devbench.parse.benchmark_model.message import NUMBER, number

_N = rf"({NUMBER})"
_MODERN = re.compile(r"Inference timings in us: ")
_MODERN_PART = re.compile(rf"(Init|First inference|Warmup \(avg\)|Inference \(avg\)): {_N}(?=[,\s]|$)")
_AVERAGE = re.compile(r"Average inference timings in us: ")
# the app of 2019 prints no blank before its memory: `Inference: 38190.7Overall max resident set size = 24.5 MB`
_AVERAGE_PART = re.compile(rf"(Warmup|Init|Inference|no stats|with stats): {_N}(?=[,\s]|Overall|$)")
_APP_MEMORY = re.compile(rf"[0-9]Overall max resident set size = {_N} MB")
_FIRST_ERA = re.compile(rf"Average inference timings in us: {_N} ?,")
_OLDEST = re.compile(
    rf"([0-9]{{1,9}}) runs, avg {_N} ms, (?:[0-9]{{1,9}} nodes defined )?([0-9]{{1,9}}) nodes observed"
)
_BLOCK = re.compile(r"={4,40} BENCHMARK RESULTS ={4,40}")
_BLOCK_LINE = re.compile(
    r"[ \t]{0,8}(Model initialization|Warmup \((?:first|avg)\)|Inference \((?:avg|min|max|std|median|p5|p95)\)"
    rf"|Init footprint|Overall footprint|Peak memory):[ ]{{1,24}}{_N}(?: (ms|MB))?(?: \(([0-9]{{1,9}}) runs\))?"
)
_MODERN_KEYS = {
    "Init": "init_us", "First inference": "first_inference_us", "Warmup (avg)": "warmup_avg_us",
    "Inference (avg)": "inference_avg_us",
}  # fmt: skip
_BLOCK_TIMES = {
    "Model initialization": "init_us", "Warmup (first)": "first_inference_us", "Warmup (avg)": "warmup_avg_us",
    "Inference (avg)": "inference_avg_us", "Inference (min)": "min_us", "Inference (max)": "max_us",
    "Inference (std)": "std_us", "Inference (median)": "median_us", "Inference (p5)": "p5_us",
    "Inference (p95)": "p95_us",
}  # fmt: skip
_BLOCK_SIZES = {
    "Init footprint": "init_footprint_bytes", "Overall footprint": "overall_footprint_bytes",
    "Peak memory": "peak_memory_bytes",
}  # fmt: skip
MIB = 1024 * 1024


class Summary:
    """Values by the names of BenchmarkRun, and which form they came in (`form`, None before any)."""

    def __init__(self) -> None:
        self.form: str | None = None
        self.values: dict[str, float | None] = {}
        self._in_block = False

    def feed(self, text: str) -> bool:
        """Take `text` if it sums up; whether it did."""
        if _MODERN.match(text):
            self.form = "modern"
            for name, digits in _MODERN_PART.findall(text[:1000]):
                self.values[_MODERN_KEYS[name]] = number(digits)
            return True
        if _AVERAGE.match(text):
            if self.form != "modern":  # the app may say the same once more, with less in it
                self._average(text[:1000])
            return True
        if self.form is None and (match := _OLDEST.match(text)):
            self.form = "oldest"
            average = number(match[2])
            self.values = {
                "count": float(match[1]),
                "inference_avg_us": None if average is None else average * 1000,
                "nodes_executed": float(match[3]),
            }
            return True
        if _BLOCK.match(text):
            self.form, self._in_block = "block", True
            return True
        return self._in_block and self._block_line(text)

    def _average(self, text: str) -> None:
        parts = {name: number(digits) for name, digits in _AVERAGE_PART.findall(text)}
        if "with stats" in parts:
            self.form, average = "no stats, with stats", parts.get("no stats")
        elif "no stats" in parts:
            self.form, average = "no stats", parts["no stats"]
        elif "Inference" in parts:
            self.form, average = "inference", parts["Inference"]
        elif first := _FIRST_ERA.match(text):
            self.form, average = "first", number(first[1])
        else:
            return
        self.values = {"warmup_avg_us": parts.get("Warmup"), "inference_avg_us": average}
        if "Init" in parts:
            self.values["init_us"] = parts["Init"]
        if memory := _APP_MEMORY.search(text):
            megabytes = number(memory[1])
            self.values["peak_memory_bytes"] = None if megabytes is None else megabytes * MIB

    def _block_line(self, text: str) -> bool:
        if text.startswith("======"):
            self._in_block = False
            return True
        match = _BLOCK_LINE.match(text)
        if match is None:
            return False
        value = number(match[2])
        if match[1] in _BLOCK_TIMES and match[3] != "MB":
            # The tool prints the deviation without its unit; it is milliseconds as all others.
            self.values[_BLOCK_TIMES[match[1]]] = None if value is None else round(value * 1000, 3)
            if match[1] == "Inference (avg)" and match[4]:
                self.values["count"] = float(match[4])
        elif match[1] in _BLOCK_SIZES and match[3] == "MB":
            self.values[_BLOCK_SIZES[match[1]]] = None if value is None else float(round(value * MIB))
        return True
