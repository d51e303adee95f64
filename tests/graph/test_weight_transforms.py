"""TensorFlow's transforms that compute with weights: each with each of its parameters, and what it would spoil."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from made_graphs import INT32, Graph, boolean, dtype, number, text, wave
from tensorflow_process import TensorFlow, find, ops

from devbench.errors import ModelError
from devbench.graph.hazards import endless_reason, shared_statistics
from devbench.graph.pb_file import parse_graph


def one_constant(values: list[float]) -> bytes:
    graph = Graph()
    graph.constant("w", values, len(values))
    graph.float_op("out", "Identity", "w")
    return graph.bytes


def values_of(tf: TensorFlow, graph: bytes, name: str = "out") -> np.ndarray:
    found: np.ndarray = tf.run(graph, [name])[f"{name}:0"]
    return found


def old_norm(op: str, *, shared: bool = False, conv_inputs: int = 1) -> Graph:
    """image → Conv2D → old batch norm → relu → out; `shared`: a second one with the same mean."""
    graph = Graph(producer=8 if op.startswith("BatchNorm") else 21)
    graph.input("image", 1, 5, 5, 2)
    last = "image"
    for index in range(2 if shared else 1):
        end = "" if index == 0 else "2"
        graph.constant(f"w{end}", wave(3 * 3 * 2 * 2, scale=0.3), 3, 3, 2, 2)
        graph.conv(f"conv{end}", last, f"w{end}")
        for name, shift in (("mean", 0.1), ("variance", 2.0), ("beta", 0.2), ("gamma", 1.0)):
            if not (shared and index and name == "mean"):
                graph.constant(f"{name}{end}", wave(2, scale=0.5, shift=shift), 2)
        mean = "mean" if shared else f"mean{end}"
        if op == "FusedBatchNorm":
            inputs = (f"conv{end}", f"gamma{end}", f"beta{end}", mean, f"variance{end}")
            graph.float_op(f"norm{end}", op, *inputs, epsilon=number(0.001), is_training=boolean(False))
        else:
            inputs = (f"conv{end}", mean, f"variance{end}", f"beta{end}", f"gamma{end}")
            given = {"variance_epsilon": number(0.001), "scale_after_normalization": boolean(True)}
            graph.float_op(f"norm{end}", op, *inputs, **given)
        last = f"norm{end}"
    graph.float_op("out", "Relu", last)
    return graph


@pytest.mark.parametrize("op", ["FusedBatchNorm", "BatchNormWithGlobalNormalization"])
def test_fold_old_batch_norms(tf: TensorFlow, op: str) -> None:
    """Both old kinds become scaled weights and a BiasAdd, with parity better than 1e-5 and fewer nodes."""
    graph = old_norm(op).bytes
    after = tf.apply(graph, "fold_old_batch_norms", inputs=["image"], outputs=["out"])
    assert op not in ops(after) and "BiasAdd" in ops(after)
    assert len(ops(after)) < len(ops(graph))
    assert tf.apart(graph, after, inputs=["image"], outputs=["out"]) <= 1e-5


@pytest.mark.parametrize("op", ["FusedBatchNorm", "BatchNormWithGlobalNormalization"])
def test_the_talks_string_on_an_old_graph(tf: TensorFlow, op: str) -> None:
    """Fewer nodes and parity better than 1e-5 with everything but the quantisation."""
    graph = old_norm(op).bytes
    string = """strip_unused_nodes(type=float, shape="1,5,5,2") remove_nodes(op=Identity, op=CheckNumerics)
        fold_constants(ignore_errors=true) fold_batch_norms fold_old_batch_norms"""
    after = tf.apply(graph, string, inputs=["image"], outputs=["out"])
    assert len(ops(after)) < len(ops(graph))
    assert tf.apart(graph, after, inputs=["image"], outputs=["out"]) <= 1e-5


def test_old_batch_norms_that_share_statistics_are_told() -> None:
    """The case in which TensorFlow's transform never ends is recognised, and no other."""
    shared = parse_graph(old_norm("FusedBatchNorm", shared=True).bytes)
    assert shared_statistics(shared) == ["mean"]
    assert "here mean" in (endless_reason("fold_old_batch_norms", shared) or "")
    assert endless_reason("fold_batch_norms", shared) is None
    assert endless_reason("fold_old_batch_norms", parse_graph(old_norm("FusedBatchNorm").bytes)) is None


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative", "MatMul"])
def test_fold_batch_norms(tf: TensorFlow, op: str) -> None:
    """A constant Mul behind the op goes into its weights."""
    graph = Graph()
    if op == "MatMul":
        graph.input("x", 2, 3)
        graph.constant("w", wave(3 * 4), 3, 4)
        graph.float_op("y", op, "x", "w")
    else:
        graph.input("x", 1, 5, 5, 2)
        graph.constant("w", wave(3 * 3 * 2 * 2), 3, 3, 2, 2)
        graph.conv("y", "x", "w", op=op)
    channels = 2 if op == "Conv2D" else 4
    graph.constant("scale", wave(channels, shift=2.0), channels)
    graph.float_op("out", "Mul", "y", "scale")
    after = tf.apply(graph.bytes, "fold_batch_norms", inputs=["x"], outputs=["out"])
    assert "Mul" not in ops(after)
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-5


def test_flatten_atrous_conv(tf: TensorFlow) -> None:
    """SpaceToBatchND, Conv2D and BatchToSpaceND become one convolution with zeros in its filter."""
    graph = Graph()
    graph.input("x", 1, 4, 4, 1)
    graph.constant("w", wave(9), 3, 3, 1, 1)
    graph.constant("block", [2, 2], 2, kind=INT32)
    graph.constant("pads", [2, 2, 2, 2], 2, 2, kind=INT32)
    graph.constant("crops", [0, 0, 0, 0], 2, 2, kind=INT32)
    kinds = {"Tblock_shape": dtype(INT32)}
    graph.float_op("space", "SpaceToBatchND", "x", "block", "pads", Tpaddings=dtype(INT32), **kinds)
    graph.conv("conv", "space", "w", padding="VALID", use_cudnn_on_gpu=boolean(True))
    graph.float_op("out", "BatchToSpaceND", "conv", "block", "crops", Tcrops=dtype(INT32), **kinds)
    after = tf.apply(graph.bytes, "flatten_atrous_conv", inputs=["x"], outputs=["out"])
    assert "SpaceToBatchND" not in ops(after)
    tensor = find(after, "w").tensor
    assert tensor is not None and tensor.shape == (5, 5, 1, 1)
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-5


@pytest.mark.parametrize(
    ("name", "resize", "pad", "fused"),
    [
        ("fuse_resize_pad_and_conv", True, True, "FusedResizeAndPadConv2D"),
        ("fuse_resize_and_conv", True, False, "FusedResizeAndPadConv2D"),
        ("fuse_pad_and_conv", False, True, "FusedPadConv2D"),
    ],
)
def test_resizing_and_padding_are_fused(
    tf: TensorFlow, name: str, resize: bool, pad: bool, fused: str
) -> None:
    graph = Graph()
    last = graph.input("x", 1, 3, 4, 2)
    if resize:
        graph.constant("size", [6, 8], 2, kind=INT32)
        last = graph.float_op("resize", "ResizeBilinear", last, "size", align_corners=boolean(False))
    if pad:
        graph.constant("pads", [0, 0, 1, 1, 2, 2, 0, 0], 4, 2, kind=INT32)
        last = graph.float_op("pad", "MirrorPad", last, "pads", mode=text("REFLECT"), Tpaddings=dtype(INT32))
    graph.constant("w", wave(8), 1, 2, 2, 2)
    graph.conv("out", last, "w", padding="VALID")
    after = tf.apply(graph.bytes, name, inputs=["x"], outputs=["out"])
    documented = tf.apply(graph.bytes, "fuse_convolutions", inputs=["x"], outputs=["out"])
    assert find(after, "out").op == find(documented, "out").op == fused
    assert not {"ResizeBilinear", "MirrorPad"} & set(ops(after))
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-5


def test_quantize_weights(tf: TensorFlow) -> None:
    """A large constant takes a quarter of its bytes, is Dequantized, and is off by half a step at most."""
    weights = wave(4096, scale=3.0, shift=1.0)
    graph = one_constant(weights)
    after = tf.apply(graph, "quantize_weights", outputs=["out"])
    assert len(after) < 0.3 * len(graph)
    assert find(after, "w").op == "Dequantize" and find(after, "w_quantized_const").dtype == "quint8"
    step = (max(weights) - min(weights)) / 255
    assert np.abs(values_of(tf, after) - weights).max() <= 0.51 * step


def test_quantize_weights_leaves_small_constants(tf: TensorFlow) -> None:
    """minimum_size, which only the sources document: 1024 elements by default."""
    graph = one_constant(wave(1023))
    assert "Dequantize" not in ops(tf.apply(graph, "quantize_weights"))
    assert "Dequantize" in ops(tf.apply(graph, "quantize_weights(minimum_size=16)"))
    assert "Dequantize" not in ops(tf.apply(graph, "quantize_weights(minimum_size=1024)"))


def test_quantize_weights_keeps_constants_of_zeros(tf: TensorFlow) -> None:
    """TensorFlow's transform alone makes NaN of a constant that is zero throughout; here it stays and is named."""
    graph = Graph()
    graph.constant("nothing", [0.0] * 2000, 2000)
    graph.constant("w", wave(2000), 2000)
    graph.float_op("out", "Add", "nothing", "w")
    after = tf.apply(graph.bytes, "quantize_weights", outputs=["out"])
    assert "nothing" in tf.notes[0]
    assert find(after, "nothing").op == "Const" and find(after, "w").op == "Dequantize"
    assert np.isfinite(values_of(tf, after)).all()


@pytest.mark.parametrize("name", ["quantize_weights", "round_weights"])
def test_infinite_weights_are_refused_by_name(tf: TensorFlow, name: str) -> None:
    with pytest.raises(ModelError, match="constant w holds infinity"):
        tf.apply(one_constant([math.inf, *wave(2000)]), name)


def test_round_weights(tf: TensorFlow) -> None:
    """num_steps values at most, 256 by default; constants below 16 elements stay."""
    weights = wave(4096)
    for parameters, most in (("", 256), ("(num_steps=8)", 8)):
        after = tf.apply(one_constant(weights), f"round_weights{parameters}")
        rounded = values_of(tf, after)
        # the largest value has a step of its own
        assert most // 2 < len(np.unique(rounded)) <= most + 1
        assert np.abs(rounded - weights).max() <= 1.01 * (max(weights) - min(weights)) / most
    small = one_constant(wave(15))
    assert np.array_equal(values_of(tf, tf.apply(small, "round_weights")), values_of(tf, small))


def multiplication() -> Graph:
    graph = Graph()
    graph.input("x", 2, 3)
    graph.constant("w", wave(12), 3, 4)
    graph.float_op("mul", "MatMul", "x", "w", transpose_a=boolean(False), transpose_b=boolean(False))
    graph.constant("b", wave(4), 4)
    graph.float_op("biased", "BiasAdd", "mul", "b", data_format=text("NHWC"))
    graph.float_op("out", "Relu", "biased")
    return graph


def test_quantize_nodes(tf: TensorFlow) -> None:
    """Float ops become eight-bit ones, and the result stays about the same."""
    graph = multiplication().bytes
    after = tf.apply(graph, "quantize_nodes", inputs=["x"], outputs=["out"])
    assert {"QuantizedMatMul", "QuantizedBiasAdd", "QuantizedRelu", "RequantizationRange"} <= set(ops(after))
    assert tf.apart(graph, after, inputs=["x"], outputs=["out"]) < 0.1


def test_quantize_nodes_takes_each_parameter(tf: TensorFlow) -> None:
    """ignore_op leaves ops in float, fallback_min/max fix the ranges, input_min/max make placeholders quint8."""
    graph = multiplication().bytes

    def after(parameters: str) -> bytes:
        return tf.apply(graph, f"quantize_nodes({parameters})", inputs=["x"], outputs=["out"])

    left = ops(after("ignore_op=MatMul, ignore_op=Relu"))
    assert "MatMul" in left and "Relu" in left and "QuantizedBiasAdd" in left
    fixed = after("fallback_min=-8, fallback_max=8")
    assert "RequantizationRange" not in ops(fixed)
    constants = [n for n in parse_graph(fixed).nodes if n.name.endswith("fallback_min")]
    assert constants and all(values_of(tf, fixed, n.name) == -8 for n in constants)
    fed = after("input_min=-2, input_max=2")
    assert find(fed, "x").dtype == "quint8"
    assert values_of(tf, fed, "x_eightbit/min") == -2 and values_of(tf, fed, "x_eightbit/max") == 2


def test_freeze_requantization_ranges(tf: TensorFlow, tmp_path: Path) -> None:
    """Ranges from a log become constants; the percentiles leave out its extremes."""
    quantized = tf.apply(multiplication().bytes, "quantize_nodes", inputs=["x"], outputs=["out"])
    ranges = [n.name for n in parse_graph(quantized).nodes if n.op == "RequantizationRange"]
    log = tmp_path / "log.txt"
    lines = [
        f"I0108 1 logging_ops.cc:79] ;{name}__print__;__requant_min_max:[{-1.0 - i}][{1.0 + i}]"
        for name in ranges
        for i in range(10)
    ]
    log.write_text("noise\n" + "\n".join(lines) + "\n")

    def frozen(parameters: str) -> tuple[float, float]:
        call = f'freeze_requantization_ranges(min_max_log_file="{log}"{parameters})'
        after = tf.apply(quantized, call, inputs=["x"], outputs=["out"])
        assert "RequantizationRange" not in ops(after)
        low, high = f"{ranges[0]}/frozen_min", f"{ranges[0]}/frozen_max"
        return float(values_of(tf, after, low)), float(values_of(tf, after, high))

    assert frozen(", min_percentile=0, max_percentile=0") == (-10.0, 10.0)
    assert frozen(", min_percentile=20, max_percentile=30") == (-8.0, 8.0)
    assert frozen("") == (-9.0, 10.0), "5 per cent of ten values, rounded"


def test_a_crash_of_tensorflow_ends_in_an_error(tf: TensorFlow) -> None:
    """A constant whose shape does not fit its bytes aborts TensorFlow's process; see the worker's tests."""
    from concurrent.futures.process import BrokenProcessPool

    graph = Graph()
    graph.input("x", 1, 4, 4, 1)
    graph.constant("w", wave(3), 3, 3, 1, 1)
    graph.conv("c", "x", "w")
    graph.constant("s", [1.0], 1)
    graph.float_op("out", "Mul", "c", "s")
    with pytest.raises(BrokenProcessPool):
        tf.apply(graph.bytes, "fold_batch_norms", inputs=["x"], outputs=["out"])
