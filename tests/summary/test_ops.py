"""Operators: times of one inference, shares that add up, what a delegate ran, which node of the file each is."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from made_runs import make_run

from devbench.domain.measurement import OpTime
from devbench.domain.summary import Cell
from devbench.graph.tflite_file import read_operators
from devbench.summary import cells_of
from devbench.summary.op_nodes import tensors_of
from devbench.summary.ops import profile_of


def cell_with(*ops: OpTime, delegate: str = "xnnpack", inferences: int = 60) -> Cell:
    cell = cells_of(make_run(ops=True, samples=inferences))[0]
    runs = tuple(
        replace(m, ops=ops, actual=replace(m.actual, delegate=delegate, delegated_nodes=None))
        if m.pass_name == "ops" and m.actual
        else m
        for m in cell.measurements
    )
    return replace(cell, measurements=runs)


def op(
    index: int, kind: str, ns: float, *, calls: int = 60, delegate: str | None = None, name: str = ""
) -> OpTime:
    return OpTime(index=index, type=kind, name=name, mean_ns=ns, calls=calls, delegate=delegate)


def test_shares_are_of_one_inference_and_add_up() -> None:
    profile = profile_of(
        cell_with(op(0, "CONV_2D", 600), op(1, "WHILE_BODY", 100, calls=180), op(2, "SOFTMAX", 100))
    )
    assert profile is not None
    assert profile.sum_ns == pytest.approx(1000)
    assert [o.share for o in profile.ops] == pytest.approx([0.6, 0.3, 0.1])
    assert list(profile.by_type()) == ["CONV_2D", "WHILE_BODY", "SOFTMAX"]
    assert [o.index for o in profile.top] == [0, 1, 2]


def test_what_a_delegate_ran_is_counted_by_time_and_number_and_unknown_where_untold() -> None:
    mixed = profile_of(cell_with(op(0, "Convolution", 900, delegate="xnnpack"), op(1, "SOFTMAX", 100)))
    assert mixed is not None and mixed.delegates == ("xnnpack",)
    assert (mixed.delegated_time, mixed.delegated_ops) == (pytest.approx(0.9), 0.5)
    untold = profile_of(cell_with(op(0, "CONV_2D", 900)))
    assert untold is not None and untold.delegated_time is None
    none = profile_of(cell_with(op(0, "CONV_2D", 900), delegate="none"))
    assert none is not None and none.delegated_time == 0.0


def test_the_sum_is_set_against_the_inferences_of_the_same_process_and_its_cost_against_the_timed_ones() -> (
    None
):
    cell = cell_with(op(0, "CONV_2D", 15e6))
    profile = profile_of(cell, steady_ns=10e6)
    assert profile is not None and profile.wall_ns == pytest.approx(20e6, rel=0.02)
    assert profile.overhead == pytest.approx(1.0, rel=0.05)
    assert profile_of(cells_of(make_run())[0]) is None


MODELS = Path(str(files("devbench") / "data" / "models"))


def test_operators_of_a_file_stand_in_order_with_the_tensor_they_write() -> None:
    graph, nodes = read_operators(MODELS / "small-cnn-int8.tflite")
    assert graph == "main"
    kinds = [kind for kind, _ in nodes]
    assert kinds == [
        "QUANTIZE",
        "CONV_2D",
        "CONV_2D",
        "CONV_2D",
        "MEAN",
        "FULLY_CONNECTED",
        "SOFTMAX",
        "DEQUANTIZE",
    ]
    assert len({tensor for _, tensor in nodes}) == len(nodes)


def xnnpack(*kinds: str) -> list[OpTime]:
    return [op(i, kind, 1.0, delegate="xnnpack") for i, kind in enumerate(kinds)]


FP32 = (
    "Convolution (NHWC, F32) IGEMM", "Convolution (NHWC, F32) IGEMM", "Convolution (NHWC, F32) IGEMM",
    "Mean (ND) Reduce2", "Static Reshape (NC)", "Fully Connected (NC, F32) GEMM", "Softmax (NC, F32)",
)  # fmt: skip


def test_xnnpacks_nameless_operators_are_known_by_their_order() -> None:
    """The sequences were seen with LiteRT 2.3.0 on the models of the package."""
    _, nodes = read_operators(MODELS / "small-cnn-fp32.tflite")
    found = tensors_of(xnnpack(*FP32), nodes)
    assert [found.get(i) for i in (0, 1, 2, 3, 5, 6)] == [tensor for _, tensor in nodes]
    assert 4 not in found, "a helper is no node"
    _, quantised = read_operators(MODELS / "small-cnn-int8.tflite")
    softmax = next(tensor for kind, tensor in quantised if kind == "SOFTMAX")
    ops = [
        *xnnpack(
            "Convert (NC)", *["Convolution (NHWC, QC8) IGEMM"] * 3, "Mean (ND) Reduce", "Static Reshape (NC)",
            "Fully Connected (NC, QS8, QC8W) GEMM",
        ),
        op(7, "SOFTMAX", 1.0, name=softmax),
        op(8, "Convert (NC)", 1.0, delegate="xnnpack"),
    ]  # fmt: skip
    assert set(tensors_of(ops, quantised).values()) == {tensor for _, tensor in quantised}


@pytest.mark.parametrize(
    "kinds", [FP32[1:], (*FP32, "Softmax (NC, F32)"), ("Softmax (NC, F32)", *FP32[1:]), ()]
)
def test_where_the_sequences_differ_in_one_place_nothing_is_guessed(kinds: tuple[str, ...]) -> None:
    _, nodes = read_operators(MODELS / "small-cnn-fp32.tflite")
    assert tensors_of(xnnpack(*kinds), nodes) == {}
    assert tensors_of(xnnpack(*FP32), ()) == {}


def test_built_in_kernels_name_their_tensor_themselves() -> None:
    ops = [op(0, "CONV_2D", 1.0, name="a"), op(1, "SOFTMAX", 1.0, name="b")]
    assert tensors_of(ops, ()) == {0: "a", 1: "b"}
