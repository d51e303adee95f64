"""The stock tools' output in every era: right numbers, right units, doubts said, zeros never reported."""

import struct
from pathlib import Path
from typing import Any

import pytest

from devbench.errors import ParseError
from devbench.parse import guess_kind, parse, parse_benchmark_model
from devbench.parse.benchmark_model import Op, result_proto

_FIXTURES = Path(__file__).parent / "fixtures/benchmark_model"
MIB = 1024 * 1024

EXPECTED: dict[str, dict[str, Any]] = {
    "l-e1": {
        "tool": "L",
        "era": "E1",
        "init_us": 123000,
        "first_inference_us": 31000,
        "warmup_avg_us": 26000,
        "inference_avg_us": 20250.5,
        "count": 50,
    },
    "l-e2": {
        "era": "E2",
        "init_us": 9933,
        "first_inference_us": 95310,
        "inference_avg_us": 88444.2,
        "min_us": 87110,
        "std_us": 1001,
    },
    "l-e2b": {
        "era": "E2b",
        "init_us": 1500,
        "first_inference_us": 50000,
        "inference_avg_us": 42150.3,
        "nodes_executed": 2,
        "warnings": [],
    },
    "l-e3": {
        "era": "E3",
        "init_us": 4250,
        "first_inference_us": 47210,
        "inference_avg_us": 38190.7,
        "peak_memory_bytes": round(24.5 * MIB),
    },
    "l-e4": {
        "era": "E4",
        "init_us": 12500,
        "inference_avg_us": 12720.5,
        "count": 79,
        "model_size_bytes": 1500000,
        "peak_memory_bytes": round(8.25 * MIB),
        "delegate": {"name": "XNNPACK", "nodes": 29, "of": None, "partitions": 3},
        "warnings": ["Duplicate flags: num_threads"],
    },
    "l-e6-logcat": {
        "tool": "L",
        "init_us": 34600,
        "first_inference_us": 61000,
        "inference_avg_us": 50111.5,
        "delegate": {"name": "TfLiteXNNPackDelegate", "nodes": 64, "of": 66, "partitions": 3},
        "warnings": ["Unconsumed cmdline flags: --use_legacy_nnapi=true"],
    },
    "l-e7-profile": {
        "era": "E7",
        "inference_avg_us": 5031.25,
        "count": 199,
        "median_us": 5020,
        "p5_us": 4930,
        "p95_us": 5150,
        "nodes_executed": 3,
        "peak_memory_bytes": round(12.5 * MIB),
        "delegate": {"name": "TfLiteXNNPackDelegate", "nodes": 2, "of": 3, "partitions": 2},
        "warnings": [],
    },
    # Timing lines are printed although the tool failed: it did not measure what was asked.
    "l-e8-failed": {"era": "E8", "failed": True, "inference_avg_us": 191525, "count": 4},
    "l-dry-run": {
        "failed": True,
        "init_us": None,
        "first_inference_us": None,
        "warmup_avg_us": None,
        "inference_avg_us": None,
        "count": 0,
    },
    "l-csv-profile": {
        "count": 5,
        "min_us": 500000,
        "max_us": 500000,
        "std_us": 0,
        "nodes_executed": 2,
        "overall_footprint_bytes": 3 * MIB,
    },
    "t-2017-android": {
        "tool": "T",
        "era": None,
        "init_us": 91787,
        "first_inference_us": 900100,
        "warmup_avg_us": 700150,
        "inference_avg_us": 368284,
        "count": 50,
        "min_us": 360100,
        "nodes_executed": 2,
    },
    "t-2018-desktop": {
        "tool": "T",
        "init_us": 250000,
        "first_inference_us": 80123,
        "inference_avg_us": 35551,
        "count": 281,
        "nodes_executed": 264,
    },
    "t-oldest": {
        "tool": "T",
        "init_us": 500000,
        "inference_avg_us": 400500,
        "count": 50,
        "nodes_executed": 507,
    },
    "n": {
        "tool": "N",
        "era": None,
        "init_us": 12340,
        "first_inference_us": 3210,
        "warmup_avg_us": 1500,
        "inference_avg_us": 450,
        "count": 2201,
        "min_us": 410,
        "max_us": 990,
        "std_us": 20,
        "peak_memory_bytes": 20 * MIB,
    },
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_values_of_one_run_stand_at_the_top_too(name: str) -> None:
    data = (_FIXTURES / f"{name}.txt").read_bytes()
    assert guess_kind(data) == "benchmark_model"
    found = parse("benchmark_model", data).to_json()
    assert {key: found[key] for key in EXPECTED[name]} == EXPECTED[name]
    runs = found["runs"]
    assert isinstance(runs, list)
    (run,) = runs
    assert isinstance(run, dict)
    assert {key: run[key] for key in EXPECTED[name]} == EXPECTED[name]
    assert run["failed"] is (name in ("l-e8-failed", "l-dry-run"))


def test_performance_options_are_one_run_each() -> None:
    found = parse_benchmark_model((_FIXTURES / "p.txt").read_bytes())
    assert [(run.flags["performance_option"], run.failed, run.inference_avg_us) for run in found.runs] == [
        ("cpu w/ 4 threads", False, 6160.25),
        ("cpu w/ 2 threads", False, 10211.5),
        ("gpu-default", True, None),
    ]
    assert [run.init_us for run in found.runs] == [3000, 8000, None]
    assert {run.tool for run in found.runs} == {"P"}
    assert found.inference_avg_us is None


def test_operators_are_read_by_their_headings() -> None:
    """Types with blanks and commas; the model's table and not its initialisation's; ms to us."""
    ops = parse_benchmark_model((_FIXTURES / "l-e7-profile.txt").read_bytes()).runs[0].ops
    assert ops == (
        Op(
            node_type="Convolution (NHWC, F32) IGEMM",
            name="Delegate/Convolution (NHWC, F32) IGEMM:0",
            avg_us=3000,
            pct=60,
            times_called=1,
        ),
        Op(
            node_type="SOFTMAX",
            name="[StatefulPartitionedCall:0, other]:2",
            avg_us=500,
            pct=10,
            times_called=1,
        ),
        Op(node_type="RESHAPE", name="[reshape]:1", avg_us=1500, pct=30, times_called=2),
    )


def test_wrong_shares_of_2018_are_computed_anew_and_csv_names_keep_their_commas() -> None:
    run = parse_benchmark_model((_FIXTURES / "l-csv-profile.txt").read_bytes()).runs[0]
    assert [(op.node_type, op.name, op.pct) for op in run.ops] == [
        ("Convolution (NHWC, F32) IGEMM", "[conv,relu]:0", 80.05),
        ("SOFTMAX", "[softmax]:1", 19.95),
    ]
    assert any("computed anew" in warning for warning in run.warnings)


def test_operators_of_old_tools() -> None:
    run = parse_benchmark_model((_FIXTURES / "t-2017-android.txt").read_bytes()).runs[0]
    assert [(op.node_type, op.name, op.avg_us, op.times_called) for op in run.ops] == [
        ("Conv2D", "conv_1", 90000, None),
        ("Relu", "relu_1", 30000, None),
    ]
    oldest = parse_benchmark_model((_FIXTURES / "t-oldest.txt").read_bytes()).runs[0]
    assert [(op.node_type, op.name, op.pct) for op in oldest.ops] == [
        ("Conv2D", "conv_big", 11.2),
        ("MatMul", "logits", 3.7),
    ]


def test_flags_go_by_their_names_on_the_command_line() -> None:
    flags = parse_benchmark_model((_FIXTURES / "l-e2.txt").read_bytes()).runs[0].flags
    assert flags["num_runs"] == 50
    assert flags["run_delay"] == -1
    assert flags["graph"] == "/data/local/tmp/tiny.tflite"
    assert flags["input_layer_shape"] == "1,224,224,3"


def test_logs_of_several_tools_in_one_text_are_several_runs() -> None:
    text = "".join(
        (_FIXTURES / f"{name}.txt").read_text(encoding="utf-8") for name in ("l-e4", "l-e7-profile", "l-e2")
    )
    found = parse_benchmark_model(text)
    assert [run.era for run in found.runs] == ["E4", "E7", "E2"]
    assert [run.inference_avg_us for run in found.runs] == [12720.5, 5031.25, 88444.2]
    assert found.era is None


def test_a_summary_that_contradicts_its_stat_line_is_not_reported() -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8")
    cut = text[: text.index("Inference (avg): 12720.5") + len("Inference (avg): 127")]
    run = parse_benchmark_model(cut).runs[0]
    assert run.inference_avg_us is None
    assert run.failed
    assert any("12720.5 in the stat line" in warning for warning in run.warnings)


def test_a_count_below_what_was_asked_is_said() -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8").replace("count=79", "count=15")
    run = parse_benchmark_model(text).runs[0]
    assert (run.count, run.failed) == (15, False)
    assert "count 15 is below the 50 asked for" in run.warnings


def test_nan_and_scientific_notation() -> None:
    text = (
        "Initialized session in 5086.6ms.\n"
        "Running benchmark for at least 1 iterations and at least 0.5 seconds\ncount=1 curr=1010898\n"
        "Running benchmark for at least 2 iterations and at least 1 seconds\n"
        "count=2 first=1e6 curr=1.2e+06 min=1e6 max=1.2E6 avg=1.1e+06 std=nan\n"
        "Inference timings in us: Init: 5086595, First inference: 1010898, Warmup (avg): 1.0109e+06, "
        "Inference (avg): 1.1e+06\n"
    )
    run = parse_benchmark_model(text).runs[0]
    assert (run.inference_avg_us, run.warmup_avg_us, run.max_us, run.std_us) == (1.1e6, 1.0109e6, 1.2e6, None)


def test_the_app_of_2019_tells_all_in_one_line() -> None:
    """Its stat lines go to a stdout that nobody reads, and no blank parts its average from its memory."""
    text = (
        "11-20 10:00:00.123  4321  4321 I tflite_BenchmarkModelActivity: Running TensorFlow Lite benchmark with "
        "args: --graph=/data/local/tmp/m.tflite --num_threads=4\n"
        "11-20 10:00:01.123  4321  4321 E tflite  : Average inference timings in us: Warmup: 14462.3, Init: 5685, "
        "Inference: 14575.2Overall max resident set size = 3.125 MB, total malloc-ed size = 14.6 MB\n"
    )
    assert guess_kind(text) == "benchmark_model"
    (run,) = parse_benchmark_model(text).runs
    assert (run.era, run.failed, run.count) == ("E3", False, None)
    assert (run.init_us, run.warmup_avg_us, run.inference_avg_us) == (5685, 14462.3, 14575.2)
    assert run.peak_memory_bytes == round(3.125 * MIB)
    assert run.flags == {"graph": "/data/local/tmp/m.tflite", "num_threads": 4}


def test_a_summary_that_the_app_says_twice_is_one() -> None:
    modern = "Inference timings in us: Init: 5, First inference: 9, Warmup (avg): 9, Inference (avg): 7.5\n"
    (run,) = parse_benchmark_model(
        f"{modern}Average inference timings in us: Warmup: 9, Init: 5, Inference: 7.5Overall max resident\n"
    ).runs
    assert (run.first_inference_us, run.inference_avg_us) == (9, 7.5)


def test_a_delegate_that_took_nothing_is_said() -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8")
    lines = [line for line in text.split("\n") if "elegate" not in line]
    lines.insert(
        5,
        "Though NNAPI delegate is explicitly applied, the model graph will not be executed by the delegate.",
    )
    run = parse_benchmark_model("\n".join(lines)).runs[0]
    assert run.delegate is not None
    assert (run.delegate.name, run.delegate.nodes, run.delegate.partitions) == ("NNAPI", 0, 0)
    assert "delegate NNAPI took no part of the model" in run.warnings


# What stands around logs in issues, in CI, in logcat and in Xcode: {} is the tool's own line.
WRAPPINGS = {
    "plain": "{}",
    "quoted": "> {}",
    "table bars": "| {} |",
    "terminal of a CI system": "2026-03-04T10:11:12.1234567Z {}",
    "times in brackets": "[12:01:02.345] {}",
    "Xcode": "2026-10-28 14:41:14.151361+0800 TFLiteBenchmark[3921:935759] {}",
    "logcat threadtime": "05-31 10:31:13.042 21767 21767 I tflite  : {}",
    "logcat with year, zone and uid": "2026-05-31 10:31:13.042 +0200 shell 21767 21767 I tflite: {}",
    "logcat brief": "I/tflite  ( 1234): {}",
    "logcat time": "05-31 10:31:13.042 I/tflite  ( 1234): {}",
    "quoted logcat": "> 05-31 10:31:13.042 21767 21767 I tflite  : {}",
    "absl": "I0531 10:31:13.042000    4242 benchmark_tflite_model.cc:90] {}",
    "TensorFlow": "2026-05-31 10:31:13.042000: I tensorflow/lite/tools/logging.h:40] {}",
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_what_stands_around_the_lines_changes_no_number(wrapping: str) -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8")
    plain = parse_benchmark_model(text)
    wrapped = "".join(WRAPPINGS[wrapping].format(line) + "\n" for line in text.splitlines())
    assert guess_kind(wrapped) == "benchmark_model"
    found = parse_benchmark_model(wrapped)
    assert found.inference_avg_us == plain.inference_avg_us == 12720.5
    assert (found.init_us, found.first_inference_us, found.count) == (
        plain.init_us,
        plain.first_inference_us,
        79,
    )
    assert (found.peak_memory_bytes, found.delegate) == (plain.peak_memory_bytes, plain.delegate)


@pytest.mark.parametrize(
    "fused", ["$ ./benchmark_model --graph=m.tflite --use_gpu=falseSTARTING!", "```STARTING!"]
)
def test_a_start_behind_a_prompt_or_a_fence_is_a_start(fused: str) -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8")
    assert text.startswith("STARTING!\n")
    run = parse_benchmark_model(text.replace("STARTING!", fused, 1)).runs[0]
    assert (run.era, run.inference_avg_us) == ("E4", 12720.5)
    assert run.flags["num_threads"] == 2
    assert run.flags.get("use_gpu", "false") == "false"


def test_a_command_line_belongs_to_the_start_behind_it() -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8")
    failed = "STARTING!\nGraph: [b.tflite]\nERROR: Failed to load model b.tflite\nBenchmarking failed.\n"
    found = parse_benchmark_model(
        f"$ ./benchmark_model --graph=a.tflite --use_gpu=true\n{text}"
        f"$ ./benchmark_model --graph=b.tflite --use_nnapi=true\n{failed}"
        f"$ ./benchmark_model --graph=c.tflite --use_hexagon=true\n{text}"
    )
    asked = [{"use_gpu", "use_nnapi", "use_hexagon"} & set(run.flags) for run in found.runs]
    assert asked == [{"use_gpu"}, {"use_nnapi"}, {"use_hexagon"}]
    assert [run.failed for run in found.runs] == [False, True, False]


def test_a_log_of_nothing_but_a_failure_is_a_failed_run() -> None:
    text = (
        "STARTING!\nGraph: [b.tflite]\nERROR: Didn't find op for builtin opcode 'CONV_2D' version '7'\n"
        "Failed to construct interpreter\nBenchmarking failed.\n"
    )
    assert guess_kind(text) == "benchmark_model"
    (run,) = parse_benchmark_model(text).runs
    assert (run.tool, run.failed, run.inference_avg_us) == ("L", True, None)
    assert any("CONV_2D" in warning for warning in run.warnings)


def test_the_block_of_litert_is_read_as_it_is_aligned() -> None:
    """Blanks up to a common column; a peak that the tool says it does not have is none."""
    prefix = "INFO: [benchmark_litert_model.h:94] "
    lines = (
        ("Signature name:", "serving_default"),
        ("Model initialization:", "12.34 ms"),
        ("Warmup (first):", "3.21 ms"),
        ("Warmup (avg):", "1.50 ms (10 runs)"),
        ("Inference (avg):", "0.45 ms (2201 runs)"),
        ("Inference (min):", "0.41 ms"),
        ("Inference (max):", "0.99 ms"),
        ("Inference (std):", "0.02"),
        ("Init footprint:", "3.50 MB"),
        ("Overall footprint:", "5.25 MB"),
    )
    block = "".join(f"{prefix}{name:<22}{value}\n" for name, value in lines)
    text = (
        f"INFO: [benchmark_litert_model.h:90] \n========== BENCHMARK RESULTS ==========\n{block}"
        f"{prefix}Peak memory usage not available. (peak_mem_mb <= 0)\n{prefix}{'=' * 38}\n"
    )
    run = parse_benchmark_model(text).runs[0]
    assert (run.tool, run.failed, run.count) == ("N", False, 2201)
    assert (run.init_us, run.first_inference_us, run.warmup_avg_us) == (12340, 3210, 1500)
    assert (run.inference_avg_us, run.min_us, run.max_us, run.std_us) == (450, 410, 990, 20)
    assert (run.init_footprint_bytes, run.overall_footprint_bytes) == (3670016, 5505024)
    assert run.peak_memory_bytes is None


def test_hundredths_of_a_millisecond_do_not_contradict_the_stat_line() -> None:
    text = (_FIXTURES / "n.txt").read_text(encoding="utf-8")
    stat = "count=2201 first=440 curr=460 min=412 max=992 avg=446.21 std=21\n"
    lines = text.splitlines(keepends=True)
    lines.insert(next(i for i, line in enumerate(lines) if "Running benchmark" in line) + 1, stat)
    run = parse_benchmark_model("".join(lines)).runs[0]
    assert (run.inference_avg_us, run.failed) == (450, False)


def test_a_size_that_the_tool_could_not_read_is_none() -> None:
    text = (_FIXTURES / "l-e4.txt").read_text(encoding="utf-8").replace("overall=8.25", "overall=-1")
    assert parse_benchmark_model(text).runs[0].peak_memory_bytes is None


@pytest.mark.parametrize(
    "text",
    [
        'CANNOT LINK EXECUTABLE "./benchmark_model": library "libfoo.so" not found\n',
        "/system/bin/sh: ./benchmark_model: not executable: 64-bit ELF file\n",
    ],
)
def test_a_tool_that_never_started_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_benchmark_model(text)


# An encoder of our own for the result file: the wire format of protobuf, written from its description.
def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | 5) + struct.pack("<f", value)


def _whole(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _message(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _result() -> bytes:
    latency = b"".join(_float(number, 0.5 * number) for number in range(1, 11))
    memory = _whole(1, 2048) + _whole(2, 4096) + _float(3, 12.5)
    misc = _float(1, 16.9) + _whole(2, 50) + _whole(3, 2) + _float(4, 100.0)
    return _message(1, b"tiny") + _message(2, latency) + _message(3, memory) + _message(4, misc)


def test_the_result_file_needs_no_tensorflow() -> None:
    data = _result()
    assert guess_kind(data) == "benchmark_model"
    run = parse_benchmark_model(data).runs[0]
    assert (run.era, run.failed, run.count, run.flags) == ("E8", False, 50, {"benchmark_name": "tiny"})
    assert (run.inference_avg_us, run.min_us, run.max_us, run.std_us) == (500, 1000, 1500, 2000)
    assert (run.median_us, run.p5_us, run.p95_us) == (2500, 3000, 3500)
    assert (run.init_us, run.first_inference_us, run.warmup_avg_us) == (4000, 4500, 5000)
    assert (run.init_footprint_bytes, run.overall_footprint_bytes) == (2 * MIB, 4 * MIB)
    assert (run.peak_memory_bytes, run.model_size_bytes) == (round(12.5 * MIB), 16900000)


def test_what_the_result_file_leaves_out_is_none() -> None:
    run = parse_benchmark_model(_message(2, _float(1, 7.25))).runs[0]
    assert (run.inference_avg_us, run.min_us, run.count, run.peak_memory_bytes) == (7250, None, None, None)


def test_a_damaged_result_file_is_no_result() -> None:
    data = _result()
    # Cut exactly between two fields it is a whole message, only with less in it.
    whole = {58, 58 + 13, len(data)}
    assert {length for length in range(len(data) + 1) if result_proto(data[:length])} == whole
    assert result_proto(data + b"\x00") is None
    assert result_proto(b"\n\x03abc\x12\x02\x08\x01\x2a\x00") is None
