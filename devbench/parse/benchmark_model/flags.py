"""The settings a tool echoes, under the names of its command line."""

from __future__ import annotations

import re

from devbench.parse.quantity import decimal, integer

_ECHO = re.compile(r"([A-Z#][A-Za-z0-9#/ ,().'_-]{1,80}?): ?\[(.{0,2000})\][ \t]{0,8}$")
_ARGUMENT = re.compile(r"(?:^|\s)--([a-z][a-z0-9_-]{1,60})=(\S{1,600})")
# Labels that differ from their flag in more than case and blanks.
_FLAGS = {
    "min num runs": "num_runs", "num runs": "num_runs", "max num runs": "max_num_runs",
    "min runs duration (seconds)": "min_secs", "max runs duration (seconds)": "max_secs",
    "inter-run delay (seconds)": "run_delay", "number of prorated runs per second": "run_frequency",
    "min warmup runs": "warmup_runs", "min warmup runs duration (seconds)": "warmup_min_secs",
    "log parameter values verbosely": "verbose", "signature to run": "signature_to_run_for",
    "#threads used for cpu inference": "num_threads", "input layers": "input_layer",
    "input shapes": "input_layer_shape", "input types": "input_layer_type", "output layers": "output_layer",
    "input value ranges": "input_layer_value_range", "input value files": "input_layer_value_files",
    "report the peak memory footprint": "report_peak_memory_footprint",
    "max profiling buffer entries": "max_profiling_buffer_entries",
    "max initial profiling buffer entries": "max_profiling_buffer_entries",
    "input layer values files": "input_layer_value_files",
    "inter-inference delay (seconds)": "inference_delay",
    "inter-benchmark delay (seconds)": "inter_benchmark_delay", "target layers": "target_layer",
    "csv file to export profiling data to": "profiling_output_csv_file",
    "enable platform-wide tracing": "enable_platform_tracing",
    "max number of delegated partitions": "max_delegated_partitions",
    "allow lower precision in gpu": "gpu_precision_loss_allowed",
    "enable running quant models in gpu": "gpu_experimental_enable_quant",
    "prefer maximizing the throughput in gpu": "gpu_inference_for_sustained_speed",
    "gpu delegate wait type": "gpu_wait_type", "disable nnapi cpu": "disable_nnapi_cpu",
    "memory footprint check interval (ms)": "memory_footprint_check_interval_ms",
    "use xnnpack": "use_xnnpack", "use nnapi": "use_nnapi", "use hexagon": "use_hexagon",
}  # fmt: skip


def echoed_flag(text: str) -> tuple[str, int | float | str] | None:
    """`Label: [value]` as flag and value; numbers become numbers."""
    match = _ECHO.match(text[:2200])
    if match is None:
        return None
    label = match[1].strip().lower()
    name = _FLAGS.get(label, re.sub(r"[^a-z0-9]{1,80}", "_", label).strip("_"))
    return name, _value(match[2])


def argued_flags(text: str) -> dict[str, int | float | str]:
    """Flags of a command line that was pasted with its output."""
    if "benchmark" not in text[:2000] or "--" not in text[:2000]:
        return {}
    return {name: _value(value) for name, value in _ARGUMENT.findall(text[:4000])}


def _value(text: str) -> int | float | str:
    whole = integer(text) if "," not in text else None
    if whole is not None:
        return whole
    number = decimal(text)
    return text if number is None else number
