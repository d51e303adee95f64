"""A job's settings as flags of the stock tool at hand: what it has no flag for is refused by name, not left out."""

from __future__ import annotations

from dataclasses import dataclass

from devbench.domain.job import Job
from devbench.domain.measurement import Failure
from devbench.domain.variant import TensorSpec, Variant
from devbench.parse.benchmark_model import ToolHelp

# TensorFlow's own names of types, for tool T
_TYPES = {"float32": "float", "bool": "bool", "int32": "int32", "uint8": "uint8", "string": "string"}
# words of --delegate: the flag that a tool must have, and all flags that say it
_DELEGATES: dict[str, tuple[str, dict[str, str]]] = {
    "xnnpack": ("use_xnnpack", {"use_xnnpack": "true"}),
    "xnnpack-fp16": ("xnnpack_force_fp16", {"use_xnnpack": "true", "xnnpack_force_fp16": "true"}),
    "gpu": ("use_gpu", {"use_gpu": "true", "gpu_precision_loss_allowed": "false"}),
    "gpu-fp16": ("use_gpu", {"use_gpu": "true", "gpu_precision_loss_allowed": "true"}),
    "nnapi": ("use_nnapi", {"use_nnapi": "true"}),
}
_PASSES = ("latency", "resources", "ops")
RESULT_FLAG = "result_file_path"
# all that a job's settings may need of TFLite's tool: which of them an app knows is looked up in its library
KNOWN_FLAGS = frozenset(
    {
        "graph", "num_threads", "num_runs", "min_secs", "max_secs", "warmup_runs", "warmup_min_secs", "input_layer",
        "input_layer_shape", "input_layer_value_files", "report_peak_memory_footprint", "enable_op_profiling",
        "signature_to_run_for", "benchmark_name",
    }
    | {flag for _, flags in _DELEGATES.values() for flag in flags}
)  # fmt: skip


class Refused(Exception):
    """The tool cannot be asked for this; never leaves devbench.runners."""

    def __init__(self, cause: str, *, kind: str = "unparsed", fix: str = "") -> None:
        super().__init__(cause)
        self.failure = Failure(kind=kind, cause=cause, fix=fix or "another build of the tool, or --runner native")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Paths on the phone: the model, input files by their path on this host, and the result file."""

    model: str
    inputs: dict[str, str]
    result: str


def stock_flags(job: Job, variant: Variant, told: ToolHelp, places: Places) -> dict[str, str]:
    """Flags in order; Refused where the tool lists its flags and lacks one that a setting needs."""
    if job.pass_name not in _PASSES:
        raise Refused(f"a stock tool has no pass {job.pass_name}", fix="--runner native")
    if job.pass_name == "ops" and job.backend.is_app:
        raise Refused("Android's log cuts the app's table of operators after 4 KB", fix="--runner native")
    flags = {"graph": places.model, "num_threads": str(job.backend.threads)}
    if told.tool == "T":
        flags |= _tensorflow(job, variant, told)
    else:
        flags |= _timing(job, told) | _delegate(job, told) | _inputs(job, variant, places) | _passes(job, told)
        if RESULT_FLAG in told.flags:
            flags[RESULT_FLAG] = places.result
    if job.signature is not None:
        flags["signature_to_run_for"] = job.signature
    for name in flags:
        if told.flags and name not in told.flags:
            raise Refused(f"this tool has no flag --{name}")
    return flags


def performance_option(job: Job) -> str:
    """The name that tool P gives to a job's way of running."""
    delegate = job.backend.delegate
    cpu = f"cpu w/ {job.backend.threads} threads"
    named = {
        "none": cpu,
        "xnnpack": f"{cpu} (xnnpack)",
        "xnnpack-fp16": f"{cpu} (xnnpack-fp16)",
        "gpu": "gpu-default",
        "gpu-fp16": "gpu-fp16",
        "nnapi": "nnapi(w/o accel name)",
    }
    if delegate not in named:
        raise Refused(f"delegate {delegate}: this tool has no option for it", kind="delegate-refused")
    return named[delegate]


def _known(told: ToolHelp, flags: dict[str, str]) -> dict[str, str]:
    """Bounds that not every build has; what it then does is read back, not guessed."""
    return {name: value for name, value in flags.items() if not told.flags or name in told.flags}


def _timing(job: Job, told: ToolHelp) -> dict[str, str]:
    bounds = job.bounds
    return {"num_runs": str(bounds.steady_min_n)} | _known(
        told,
        {
            "min_secs": _seconds(bounds.steady_min_ms),
            "max_secs": _seconds(max(bounds.steady_soft_ms, bounds.steady_min_ms, bounds.warmup_min_ms)),
            "warmup_runs": "1",
            "warmup_min_secs": _seconds(bounds.warmup_min_ms),
        },
    )


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g}"


def _delegate(job: Job, told: ToolHelp) -> dict[str, str]:
    """XNNPACK comes by itself unless the flag is given, so `none` says so where the tool knows the flag."""
    asked = job.backend.delegate
    if told.tool == "P":
        performance_option(job)
        options = {"gpu": "gpu", "gpu-fp16": "gpu", "nnapi": "nnapi"}
        return {"perf_options_list": options.get(asked, "cpu")} | _known(
            told, {"random_shuffle_benchmark_runs": "false"}
        )
    if told.tool == "N":
        return _litert_delegate(asked, told)
    if asked == "none":
        return _known(told, {"use_xnnpack": "false"})
    needed, flags = _DELEGATES.get(asked, (None, {}))
    if needed is None or (told.flags and needed not in told.flags):
        raise Refused(
            f"delegate {asked}: this tool has no flag for it", kind="delegate-refused", fix="--delegate none"
        )
    return flags if not told.flags else {k: v for k, v in flags.items() if k in told.flags}


def _litert_delegate(asked: str, told: ToolHelp) -> dict[str, str]:
    """Tool N runs its CPU path with XNNPACK, always."""
    if asked == "xnnpack":
        return _known(told, {"use_cpu": "true"})
    if asked in ("gpu", "gpu-fp16"):
        precision = {"gpu-precision": "fp16" if asked == "gpu-fp16" else "fp32"}
        return {"use_gpu": "true"} | _known(told, precision)
    raise Refused(
        f"delegate {asked}: LiteRT's tool has no flag for it", kind="delegate-refused", fix="--delegate xnnpack"
    )


def _passes(job: Job, told: ToolHelp) -> dict[str, str]:
    if job.pass_name == "ops":
        return {"enable_op_profiling": "true"}
    if job.pass_name == "resources":
        # a thread that samples memory disturbs timing, so only in the process that is not timed
        known = {"report_peak_memory_footprint": "true"}
        return _known(told, known) if told.flags else {}
    return {}


def _inputs(job: Job, variant: Variant, places: Places) -> dict[str, str]:
    if not job.input_shapes and not job.input_files:
        return {}
    names = [spec.name for spec in variant.inputs]
    if any("," in name for name in names):
        raise Refused("an input's name holds a comma, which parts names on this tool's command line")
    flags = {"input_layer": ",".join(names), "input_layer_shape": _shapes(job, variant)}
    files = {_name_of(key, variant): places.inputs[path] for key, path in job.input_files.items()}
    if files:
        pairs = (f"{name.replace(':', chr(92) + ':')}:{path}" for name, path in files.items())
        flags["input_layer_value_files"] = ",".join(pairs)
    return flags


def _tensorflow(job: Job, variant: Variant, told: ToolHelp) -> dict[str, str]:
    """Tool T ends at a number of runs or a time, whichever comes first: a least time cannot be asked for."""
    if job.input_files:
        raise Refused("TensorFlow's tool takes no input files")
    unknown = [spec.name for spec in variant.inputs if spec.dtype not in _TYPES]
    if unknown or not variant.inputs or not variant.outputs:
        what = f"the type of input {unknown[0]}" if unknown else "a graph without known inputs and outputs"
        raise Refused(f"TensorFlow's tool cannot be told {what}")
    runs, soft_s = str(job.bounds.steady_min_n), _seconds(max(job.bounds.steady_soft_ms, 1000))
    counts = {"max_num_runs": runs} if "max_num_runs" in told.flags else {"num_runs": runs}
    return {
        "input_layer": ",".join(spec.name for spec in variant.inputs),
        "input_layer_shape": _shapes(job, variant),
        "input_layer_type": ",".join(_TYPES[spec.dtype] for spec in variant.inputs),
        "output_layer": ",".join(spec.name for spec in variant.outputs),
        **counts,
        **_known(told, {"max_time": soft_s, "warmup_runs": "1"}),
    }


def _shapes(job: Job, variant: Variant) -> str:
    """All inputs' shapes, as given or as in the file with 1 for what it leaves open."""
    given = {_name_of(key, variant): shape for key, shape in job.input_shapes.items()}
    return ":".join(given.get(spec.name) or _own_shape(spec) for spec in variant.inputs)


def _own_shape(spec: TensorSpec) -> str:
    return ",".join(str(size or 1) for size in spec.shape)


def _name_of(key: str, variant: Variant) -> str:
    return variant.inputs[int(key[1:])].name if key.startswith("#") and key[1:].isdigit() else key
