"""inline_functions puts the nodes of functions in place of their calls, and says which it cannot."""

from __future__ import annotations

import pytest
from made_graphs import (
    FLOAT,
    INT32,
    Graph,
    dtype,
    function,
    function_def,
    node,
    part,
    placeholder_attr,
    types,
)  # fmt: skip
from tensorflow_process import TensorFlow, attributes_of, find

from devbench.errors import ModelError
from devbench.graph.pb_file import parse_graph

OLD = "downgrade_ops(runtime=tfmobile-1.4.0)"


def test_calls_are_pointed_to_inline_functions(tf: TensorFlow) -> None:
    graph = nested()
    with pytest.raises(ModelError) as caught:
        tf.apply(graph.bytes, OLD, inputs=["x"], outputs=["out"])
    assert caught.value.fix is not None and "inline_functions" in caught.value.fix
    after = tf.apply(graph.bytes, f"inline_functions {OLD}", inputs=["x"], outputs=["out"])
    assert parse_graph(after).functions == ()


def nested() -> Graph:
    """out = outer(x): two results through two levels, one called by its own name; a polymorphic attribute."""
    graph = Graph()
    graph.input("x", 2, 4)
    calls = {"Tin": types(FLOAT), "Tout": types(FLOAT, FLOAT)}
    graph.add("call", "StatefulPartitionedCall", "x", f=function("outer"), **calls)
    graph.float_op("out", "Sub", "call:1", "call")
    halves = [
        node(
            "dim", "Const", dtype=dtype(INT32), value=part(8, b"\x08\x03" + part(2, b"") + part(7, b"\x01"))
        ),
        node("split", "Split", "dim:output:0", "v", num_split=b"\x18\x02", T=placeholder_attr("K")),
        node("neg", "Neg", "split:output:1", T=dtype(FLOAT)),
    ]
    graph.functions.append(function_def("halves", ["v"], {"a": "split:output:0", "b": "neg:y:0"}, halves))
    outer = [
        node("twice", "AddV2", "x", "x", T=dtype(FLOAT)),
        node("inner", "halves", "twice:z:0", K=dtype(FLOAT)),
        node("last", "Exp", "inner:b:0", "^twice", T=dtype(FLOAT)),
    ]
    graph.functions.append(function_def("outer", ["x"], {"p": "inner:a:0", "q": "last:y:0"}, outer))
    return graph


def test_functions_are_inlined_through_all_levels(tf: TensorFlow) -> None:
    """No call and no function is left, names begin with their call's, and the result stays."""
    graph = nested()
    after = tf.apply(graph.bytes, "inline_functions", inputs=["x"], outputs=["out"])
    assert find(after, "call/inner/neg").inputs == ("call/inner/split:1",)
    assert parse_graph(after).functions == ()
    assert (
        tf.apart(
            tf.apply(graph.bytes, "inline_functions", outputs=["call"]), after, inputs=["x"], outputs=["out"]
        )
        == 0
    )


def test_names_that_are_taken_get_a_number(tf: TensorFlow) -> None:
    """A node of the graph may be called as one of the function's would be."""
    graph = nested()
    graph.constant("call/twice", 1.0)
    after = tf.apply(graph.bytes, "inline_functions", inputs=["x"], outputs=["out"])
    assert {"call/twice", "call_1/twice", "call_1/inner/neg"} <= parse_graph(after).names


def test_nodes_stay_tied_to_the_device_of_their_own_copies(tf: TensorFlow) -> None:
    """TensorFlow loads no graph in which a node is tied to one that is not there."""
    graph = Graph()
    graph.input("x", 3)
    graph.add("call", "PartitionedCall", "x", f=function("f"), Tin=types(FLOAT), Tout=types(FLOAT))
    body = [node("a", "Sin", "v", T=dtype(FLOAT))]
    body += [node("b", "Neg", "a:y:0", T=dtype(FLOAT), _class=part(1, part(2, "loc:@a")))]
    graph.functions.append(function_def("f", ["v"], {"y": "b:y:0"}, body))
    after = tf.apply(graph.bytes, "inline_functions", inputs=["x"], outputs=["call"])
    assert "loc:@call/a" in str(tf.call(attributes_of, after, "call/b")["_class"])
    assert tf.apart(graph.bytes, after, inputs=["x"], outputs=["call"]) == 0


def test_an_output_that_is_a_call_keeps_its_name(tf: TensorFlow) -> None:
    graph = nested()
    after = tf.apply(graph.bytes, "inline_functions", inputs=["x"], outputs=["call:1"])
    assert find(after, "call").op == "IdentityN"
    assert len(find(after, "call").inputs) == 2


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([node("me", "loop", "v")], "calls itself"),
        ([node("gone", "PartitionedCall", "v", f=function("nowhere"))], "does not hold"),
        ([node("odd", "Neg", "nothing:y:0", T=dtype(FLOAT))], "is not in it"),
    ],
)
def test_functions_that_cannot_be_inlined_are_named(tf: TensorFlow, nodes: list[bytes], says: str) -> None:
    graph = Graph()
    graph.input("x", 2)
    graph.add("call", "loop", "x")
    first = parse_graph(part(1, nodes[0])).nodes[0]
    result = {"me": "me:r:0", "gone": "gone:output:0", "odd": "odd:y:0"}[first.name]
    graph.functions.append(function_def("loop", ["v"], {"r": result}, nodes))
    with pytest.raises(ModelError, match=says):
        tf.apply(graph.bytes, "inline_functions", inputs=["x"], outputs=["call"])


def test_a_call_that_does_not_fit_its_function_is_named(tf: TensorFlow) -> None:
    graph = nested()
    graph.input("y", 2)
    graph.add("wrong", "halves", "x", "y", K=dtype(FLOAT))
    with pytest.raises(ModelError, match="wrong calls halves with 2 inputs, it takes 1"):
        tf.apply(graph.bytes, "inline_functions", inputs=["x"], outputs=["out"])
