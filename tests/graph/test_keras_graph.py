"""What Keras 3 freezes goes through the talk's string and ours with fewer nodes and the same outputs."""

from __future__ import annotations

import pytest
from tensorflow_process import TensorFlow, find, inception_graph, keras_graph, ops

from devbench.graph.op_lists import runtime_ops
from devbench.graph.pb_file import parse_graph

TALK = """strip_unused_nodes(type=float, shape="1,16,16,3") remove_nodes(op=Identity, op=CheckNumerics)
fold_constants(ignore_errors=true) fold_batch_norms fold_old_batch_norms"""
ENDS = {"inputs": ["image"], "outputs": ["Identity"]}


@pytest.fixture(scope="module")
def keras(tf: TensorFlow) -> bytes:
    graph: bytes = tf.call(keras_graph)
    return graph


def test_the_talks_string_makes_fewer_nodes(tf: TensorFlow, keras: bytes) -> None:
    """TensorFlow's transforms alone: fewer nodes, but the batch norms stay."""
    after = tf.apply(keras, TALK, **ENDS)
    assert len(ops(after)) < 0.6 * len(ops(keras))
    assert ops(after).count("Mul") == 6
    assert tf.apart(keras, after, **ENDS) <= 1e-5


def test_keras_batch_norms_are_folded(tf: TensorFlow, keras: bytes) -> None:
    """After Conv2D, DepthwiseConv2dNative and MatMul, with and without scale, centre and bias."""
    after = tf.apply(keras, "fold_keras_batch_norms", **ENDS)
    assert not {"Mul", "Rsqrt", "Sub", "AddV2", "Neg"} & set(ops(after))
    assert "folded 6 chains" in tf.notes[0]
    assert len(ops(after)) < 0.35 * len(ops(keras))
    assert tf.apart(keras, after, **ENDS) <= 1e-5
    both = tf.apply(keras, f"fold_keras_batch_norms {TALK}", **ENDS)
    assert len(ops(both)) < len(ops(after))
    assert tf.apart(keras, both, **ENDS) <= 1e-5


@pytest.mark.parametrize("runtime", ["tfmobile-1.4.0", "tfmobile-1.13.1"])
def test_it_is_made_fit_for_an_older_runtime(tf: TensorFlow, keras: bytes, runtime: str) -> None:
    """Only ops that the runtime lists are left, and the outputs stay."""
    after = tf.apply(keras, f"fold_keras_batch_norms downgrade_ops(runtime={runtime})", **ENDS)
    assert set(ops(after)) <= set(runtime_ops(runtime).ops)
    assert parse_graph(after).producer == runtime_ops(runtime).graph_version
    assert tf.apart(keras, after, **ENDS) <= 1e-5


def test_quantised_weights_take_a_quarter(tf: TensorFlow, keras: bytes) -> None:
    after = tf.apply(keras, f"{TALK} quantize_weights(minimum_size=16)", **ENDS)
    assert "Dequantize" in ops(after)
    assert 1e-5 < tf.apart(keras, after, **ENDS) < 1.0
    assert find(after, "image").shape == (1, 16, 16, 3)


@pytest.mark.slow
def test_inception_v3_goes_through_the_talks_string(tf: TensorFlow) -> None:
    """A graph of 96 MB: fewer nodes, the same outputs, and a quarter of the bytes with quantised weights."""
    graph: bytes = tf.call(inception_graph)
    after = tf.apply(graph, TALK.replace("1,16,16,3", "1,299,299,3"), **ENDS)
    assert len(ops(after)) < 0.5 * len(ops(graph))
    assert tf.apart(graph, after, **ENDS) <= 1e-5
    folded = tf.apply(after, "fold_keras_batch_norms", **ENDS)
    assert "folded 94 chains" in tf.notes[0]
    assert tf.apart(graph, folded, **ENDS) <= 1e-5
    assert len(tf.apply(folded, "quantize_weights", **ENDS)) <= 0.3 * len(graph)
