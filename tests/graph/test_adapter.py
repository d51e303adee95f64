"""The edge to TensorFlow: what is missing is said with the way out, and what comes back can be loaded."""

from __future__ import annotations

import sys
import types

import pytest
from made_graphs import FLOAT, Graph, dtype, part
from tensorflow_process import TensorFlow, attributes_of, find

from devbench.errors import MissingExtra
from devbench.graph.adapter import TESTED_VERSIONS, apply_call
from devbench.graph.transform_string import TransformCall


def refused(monkeypatch: pytest.MonkeyPatch, module: types.ModuleType | None) -> MissingExtra:
    monkeypatch.setitem(sys.modules, "tensorflow", module)
    graph = Graph()
    graph.input("x", 1)
    with pytest.raises(MissingExtra) as caught:
        apply_call(graph.bytes, TransformCall(name="remove_device"), inputs=["x"], outputs=["x"])
    return caught.value


def test_without_tensorflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refused(monkeypatch, None)
    assert "need TensorFlow" in error.message and "devbench[models]" in (error.fix or "")


def test_a_tensorflow_without_the_extension_is_named_with_versions_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("tensorflow")
    module.__version__ = "9.9.0"  # type: ignore[attr-defined]
    error = refused(monkeypatch, module)
    assert "TensorFlow 9.9.0 lacks the graph transforms" in error.message
    assert all(version in (error.fix or "") for version in TESTED_VERSIONS)


def test_no_node_stays_tied_to_one_that_is_gone(tf: TensorFlow) -> None:
    """Graphs of TensorFlow 1 tie nodes to the device of others; it loads none in which the other was renamed."""
    graph = Graph()
    graph.input("x", 3)
    graph.constant("weights", [1.0, 2.0, 3.0], 3)
    for name, other in (("read", "weights"), ("again", "x")):
        graph.add(name, "Identity", "weights", T=dtype(FLOAT), _class=part(1, part(2, f"loc:@{other}")))
    graph.float_op("sum", "Add", "read", "again")
    graph.float_op("out", "Mul", "x", "sum")
    after = tf.apply(graph.bytes, "obfuscate_names", inputs=["x"], outputs=["out", "read", "again"])
    assert "_class" not in tf.call(attributes_of, after, "read")
    assert "loc:@x" in str(tf.call(attributes_of, after, "again")["_class"]), "what is there is kept"
    assert any(note.startswith("1 nodes were to be on the device") for note in tf.notes)
    assert find(after, "out").inputs and tf.apart(graph.bytes, after, inputs=["x"], outputs=["out"]) == 0
