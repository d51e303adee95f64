"""Our transforms do what they say and nothing else, on our own graphs."""

from __future__ import annotations

from math import prod

import pytest
from made_graphs import (
    FLOAT,
    INT32,
    INT64,
    Graph,
    boolean,
    dtype,
    integers,
    number,
    text,
    wave,
)  # fmt: skip
from tensorflow_process import TensorFlow, find, ops

from devbench.errors import ModelError
from devbench.graph.pb_file import parse_graph

OLD = "downgrade_ops(runtime=tfmobile-1.4.0)"


def keras_norm(graph: Graph, name: str, source: str, channels: int, *, shape: tuple[int, ...] = ()) -> str:
    """A batch norm as Keras 3 freezes it: constants behind Identity, computed with at run time."""
    sizes = shape or (channels,)
    for part_name, shift in (("variance", 1.5), ("gamma", 1.0), ("mean", 0.3), ("beta", -0.2)):
        graph.constant(f"{name}/{part_name}/resource", wave(channels, scale=0.4, shift=shift), *sizes)
        graph.float_op(f"{name}/{part_name}", "Identity", f"{name}/{part_name}/resource")
    graph.constant(f"{name}/epsilon", 0.001)
    graph.float_op(f"{name}/add", "AddV2", f"{name}/variance", f"{name}/epsilon")
    graph.float_op(f"{name}/rsqrt", "Rsqrt", f"{name}/add")
    graph.float_op(f"{name}/scale", "Mul", f"{name}/rsqrt", f"{name}/gamma")
    graph.float_op(f"{name}/scaled", "Mul", source, f"{name}/scale")
    graph.float_op(f"{name}/shift", "Mul", f"{name}/mean", f"{name}/scale")
    graph.float_op(f"{name}/offset", "Sub", f"{name}/beta", f"{name}/shift")
    return graph.float_op(f"{name}/result", "AddV2", f"{name}/scaled", f"{name}/offset")


def linear(op: str, graph: Graph, *, transposed: bool = False) -> tuple[str, int]:
    if op == "MatMul":
        graph.input("x", 2, 3)
        graph.constant("w/resource", wave(12), *((4, 3) if transposed else (3, 4)))
    else:
        graph.input("x", 1, 5, 5, 2)
        graph.constant("w/resource", wave(36), 3, 3, 2, 2)
    graph.float_op("w", "Identity", "w/resource")
    if op == "MatMul":
        graph.float_op("y", op, "x", "w", transpose_b=boolean(transposed))
    else:
        graph.conv("y", "x", "w", op=op)
    return "y", 2 if op == "Conv2D" else 4


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative", "MatMul"])
def test_a_keras_batch_norm_is_folded(tf: TensorFlow, op: str) -> None:
    """Weights, one BiasAdd and nothing else of it are left, also with a bias in between; parity within 1e-5."""
    graph = Graph()
    source, channels = linear(op, graph)
    graph.constant("bias", wave(channels), channels)
    biased = graph.float_op("biased", "BiasAdd", source, "bias", data_format=text("NHWC"))
    last = keras_norm(graph, "bn", biased, channels)
    graph.float_op("out", "Relu", last)
    after = tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=["out"])
    assert sorted(ops(after)) == sorted(["Placeholder", "Const", op, "Const", "BiasAdd", "Relu"])
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-5


def test_a_transposed_matmul_is_folded_along_its_rows(tf: TensorFlow) -> None:
    graph = Graph()
    source, channels = linear("MatMul", graph, transposed=True)
    keras_norm(graph, "bn", source, channels)
    after = tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=["bn/result"])
    assert "Mul" not in ops(after)
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["bn/result"]) <= 1e-5


@pytest.mark.parametrize("version", ["", "V2", "V3"])
def test_fused_batch_norms_of_any_version_are_folded(tf: TensorFlow, version: str) -> None:
    graph = Graph()
    source, channels = linear("Conv2D", graph)
    for name, shift in (("gamma", 1.0), ("beta", 0.2), ("mean", 0.1), ("variance", 2.0)):
        graph.constant(name, wave(channels, scale=0.5, shift=shift), channels)
    given = {"U": dtype(FLOAT)} if version else {}
    graph.float_op(
        "out", f"FusedBatchNorm{version}", source, "gamma", "beta", "mean", "variance",
        is_training=boolean(False), epsilon=number(0.01), **given,
    )  # fmt: skip
    after = tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=["out"])
    assert find(after, "out").op == "BiasAdd"
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-5


def test_a_norm_that_a_bias_cannot_replace_is_left_alone(tf: TensorFlow) -> None:
    """Its mean is read too or asked for, it is in training, or counts channels along another axis."""
    cases = {"read": ["norm", "mean2"], "asked": ["norm:1"], "training": ["norm"], "axis": ["norm"]}
    for case, outputs in cases.items():
        graph = Graph()
        source, channels = linear("Conv2D", graph)
        for name in ("gamma", "beta", "mean", "variance"):
            graph.constant(name, wave(channels, scale=0.5, shift=1.0), channels)
        given = {"is_training": boolean(case == "training"), "U": dtype(FLOAT)}
        given |= {"data_format": text("NCHW" if case == "axis" else "NHWC")}
        graph.float_op("norm", "FusedBatchNormV3", source, "gamma", "beta", "mean", "variance", **given)
        graph.float_op("mean2", "Neg", "norm:1" if case == "read" else "x")
        after = tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=outputs)
        assert find(after, "norm").op == "FusedBatchNormV3", case
        assert tf.notes == ["folded 0 chains, left 1 that scale by no constant for each channel"]


def test_what_others_read_keeps_its_value(tf: TensorFlow) -> None:
    """Not folded: a convolution that another node reads, too; folded: one of two that share weights."""
    graph = Graph()
    source, channels = linear("Conv2D", graph)
    keras_norm(graph, "bn", source, channels)
    graph.float_op("other", "Relu", source)
    outputs = ["bn/result", "other"]
    after = tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=outputs)
    assert ops(after) == ops(graph.bytes) and "left 1" in tf.notes[0]
    shared = Graph()
    source, channels = linear("Conv2D", shared)
    keras_norm(shared, "bn", source, channels)
    shared.conv("second", "x", "w")
    outputs = ["bn/result", "second"]
    after = tf.apply(shared.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=outputs)
    assert "Mul" not in ops(after)
    assert tf.apart(shared.bytes, after, inputs=["x"], outputs=outputs) <= 1e-5


def test_what_is_not_per_channel_is_left_alone(tf: TensorFlow) -> None:
    """A constant along the width, one of a larger shape, and one that is fed are no batch norm."""
    for sizes in ((5, 1), (1, 5, 5, 2)):
        graph = Graph()
        source, _ = linear("Conv2D", graph)
        count = 1
        for size in sizes:
            count *= size
        graph.constant("c", wave(count), *sizes)
        graph.float_op("out", "Mul", source, "c")
        assert "Mul" in ops(tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=["out"]))


def test_folding_goes_around_circles_and_missing_parts(tf: TensorFlow) -> None:
    """A transform does not hang or break on graphs that no check has seen."""
    graph = Graph()
    source, _ = linear("Conv2D", graph)
    graph.float_op("a", "Mul", "b", "b")
    graph.float_op("b", "Mul", "a", "nowhere")
    graph.float_op("out", "Mul", source, "a")
    assert len(ops(tf.apply(graph.bytes, "fold_keras_batch_norms", inputs=["x"], outputs=["out"]))) == 7


@pytest.mark.parametrize("name", ["fold_keras_batch_norms", OLD, "inline_functions"])
def test_nodes_that_lack_inputs_and_attributes_break_nothing(tf: TensorFlow, name: str) -> None:
    """Damaged nodes are left alone or named: no transform fails on them in a way of its own."""
    graph = Graph()
    graph.add("i", "Identity")
    graph.add("j", "Identity", "j")
    given = {"T": dtype(FLOAT), "padding": text("EXPLICIT"), "dilations": integers(1, 2)}
    for op in ("Conv2D", "DepthwiseConv2dNative", "MatMul", "LeakyRelu", "ConcatV2", "GatherV2", "AddV2"):
        for place, inputs in enumerate(((), ("i",), ("i", "j"), ("j", "i"))):
            graph.add(f"{op}{place}", op, *inputs, **given)
    try:
        tf.apply(graph.bytes, name, outputs=["i"])
    except ModelError as e:
        assert "cannot run" in e.message


def test_a_graph_is_rewritten_for_an_older_runtime(tf: TensorFlow) -> None:
    """AddV2, FusedBatchNormV3, ConcatV2 … become what the runtime's list has; versions go down to its own."""
    graph = Graph(producer=2474, min_consumer=12)
    source, channels = linear("Conv2D", graph)
    graph.float_op("sum", "AddV2", source, source, _note=text("dropped"))
    for name, shift in (("gamma", 1.0), ("beta", 0.2), ("mean", 0.1), ("variance", 2.0)):
        graph.constant(name, wave(channels, scale=0.5, shift=shift), channels)
    given = {"is_training": boolean(False), "epsilon": number(0.01), "exponential_avg_factor": number(1.0)}
    graph.float_op(
        "norm", "FusedBatchNormV3", "sum", "gamma", "beta", "mean", "variance", U=dtype(FLOAT), **given
    )
    graph.float_op("leaky", "LeakyRelu", "norm", alpha=number(0.1))
    graph.constant("axis", 0, kind=INT32)
    graph.constant("ids", [0], 1, kind=INT64)
    kinds = {"Tparams": dtype(FLOAT), "Tindices": dtype(INT64), "Taxis": dtype(INT32)}
    graph.add("out", "GatherV2", "leaky", "ids", "axis", batch_dims=b"\x18\x00", **kinds)
    after = tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["out"])
    assert not {"AddV2", "FusedBatchNormV3", "LeakyRelu"} & set(ops(after))
    assert {"Add", "FusedBatchNorm", "Maximum", "GatherV2"} <= set(ops(after)), "1.4.0 has GatherV2"
    read = parse_graph(after)
    assert (read.producer, read.min_consumer) == (24, 12)
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-6


def test_every_op_and_attribute_is_on_the_list_then(tf: TensorFlow) -> None:
    from tensorflow_process import attributes_of

    from devbench.graph.op_lists import runtime_ops

    graph = Graph(producer=2474)
    source, channels = linear("MatMul", graph)
    keras_norm(graph, "bn", source, channels)
    known = runtime_ops("tfmobile-1.4.0").ops
    full = tf.apply(graph.bytes, f"add_default_attributes {OLD}", inputs=["x"], outputs=["bn/result"])
    for found in parse_graph(full).nodes:
        assert set(tf.call(attributes_of, full, found.name)) <= set(known[found.op].attributes)


@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative"])
def test_explicit_paddings_become_a_pad(tf: TensorFlow, op: str) -> None:
    graph = Graph()
    graph.input("x", 1, 5, 5, 2)
    graph.constant("w", wave(36), 3, 3, 2, 2)
    graph.conv("out", "x", "w", op=op, padding="EXPLICIT", explicit_paddings=integers(0, 0, 1, 2, 0, 1, 0, 0))
    after = tf.apply(graph.bytes, "downgrade_ops(runtime=tfmobile-1.13.1)", inputs=["x"], outputs=["out"])
    assert ops(after).count("Pad") == 1
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-6


def test_explicit_paddings_of_zero_need_no_pad(tf: TensorFlow) -> None:
    graph = Graph()
    graph.input("x", 1, 5, 5, 2)
    graph.constant("w", wave(36), 3, 3, 2, 2)
    graph.conv("out", "x", "w", padding="EXPLICIT", explicit_paddings=integers(*[0] * 8))
    after = tf.apply(graph.bytes, "downgrade_ops(runtime=tfmobile-1.13.1)", inputs=["x"], outputs=["out"])
    assert "Pad" not in ops(after) and tf.notes == ["explicit_paddings of Conv2D rewritten: 1"]
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-6


@pytest.mark.parametrize("version", ["V2", "V3"])
def test_products_of_stacks_need_one_shape(tf: TensorFlow, version: str) -> None:
    """Older runtimes do not repeat a matrix for each of a stack: renamed alone, the op would fail on the phone."""
    given = {"T": dtype(FLOAT)} if version == "V2" else {n: dtype(FLOAT) for n in ("Ta", "Tb", "Tout")}
    for sizes in ((2, 3, 2), (3, 2), (1, 3, 2)):
        graph = Graph()
        graph.input("x", 2, 5, 3)
        graph.constant("w", wave(prod(sizes)), *sizes)
        graph.add("out", f"BatchMatMul{version}", "x", "w", **given)
        if sizes[0] == 2:
            after = tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["out"])
            assert find(after, "out").op == "BatchMatMul"
            assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) <= 1e-6
        else:
            with pytest.raises(ModelError, match="no stacks of two shapes, here"):
                tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["out"])


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("op", ["Conv2D", "DepthwiseConv2dNative"])
def test_dilations_become_gaps_in_the_weights(tf: TensorFlow, op: str, padding: str) -> None:
    graph = Graph()
    graph.input("x", 1, 9, 8, 2)
    graph.constant("w", wave(36), 3, 3, 2, 2)
    graph.conv("out", "x", "w", op=op, padding=padding, dilations=integers(1, 2, 3, 1))
    after = tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["out"])
    assert "out/dilated_weights" in parse_graph(after).names and "w" not in parse_graph(after).names
    reference = graph.bytes if op == "Conv2D" else _each_channel_alone(padding)
    assert tf.apart(reference, after, inputs=["x"], outputs=["out"]) <= 1e-5


def _each_channel_alone(padding: str) -> bytes:
    """The depthwise convolution above as a Conv2D: of dilated depthwise kernels one CPU has none, one crashes."""
    weights = [0.0] * 72
    for at, value in enumerate(wave(36)):
        place, channel, out = at // 4, at // 2 % 2, at % 4
        weights[place * 8 + channel * 4 + out] = value
    graph = Graph()
    graph.input("x", 1, 9, 8, 2)
    graph.constant("w", weights, 3, 3, 2, 4)
    graph.conv("out", "x", "w", op="Conv2D", padding=padding, dilations=integers(1, 2, 3, 1))
    return graph.bytes


@pytest.mark.parametrize(
    ("op", "attributes", "says"),
    [
        ("Einsum", {"equation": text("a->a"), "N": b"\x18\x01"}, "odd (Einsum: it has no such op)"),
        ("LeakyRelu", {"alpha": number(1.5)}, "a slope of 1.5"),
        (
            "MaxPool",
            {"explicit_paddings": integers(0, 0, 1, 1, 1, 1, 0, 0), "padding": text("EXPLICIT")},
            "odd (MaxPool",
        ),
        ("ResizeNearestNeighbor", {"half_pixel_centers": boolean(True)}, "it has no half_pixel_centers"),
    ],
)
def test_a_node_without_equivalent_is_named(
    tf: TensorFlow, op: str, attributes: dict[str, bytes], says: str
) -> None:
    graph = Graph()
    graph.input("x", 1, 4, 4, 1)
    graph.constant("size", [2, 2], 2, kind=INT32)
    inputs = ("x", "size") if op.startswith("Resize") else ("x",)
    graph.float_op("odd", op, *inputs, **attributes)
    with pytest.raises(ModelError, match=r"tfmobile-1.4.0 cannot run 1 of 3 nodes") as caught:
        tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["odd"])
    assert says in caught.value.message


def test_a_type_the_runtime_does_not_take_is_named(tf: TensorFlow) -> None:
    graph = Graph()
    graph.add("x", "Placeholder", dtype=dtype(14))
    graph.add("odd", "Relu", "x", T=dtype(14))
    with pytest.raises(ModelError, match=r"odd \(Relu: not for T=bfloat16\)"):
        tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["odd"])


def test_an_output_the_older_op_lacks_is_named(tf: TensorFlow) -> None:
    graph = Graph()
    graph.input("x", 1, 4, 4, 2)
    for name in ("gamma", "beta", "mean", "variance"):
        graph.constant(name, [1.0, 2.0], 2)
    graph.float_op("odd", "FusedBatchNormV3", "x", "gamma", "beta", "mean", "variance", U=dtype(FLOAT))
    with pytest.raises(ModelError, match="no sixth output"):
        tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["odd:5"])
