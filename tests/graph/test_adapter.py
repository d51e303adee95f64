"""Where TensorFlow, or its private extension, is missing, that is said with the way out."""

from __future__ import annotations

import sys
import types

import pytest
from made_graphs import Graph

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
