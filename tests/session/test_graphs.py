"""TensorFlow graphs (.pb) on the two default virtual phones, by the TensorFlow that is installed here."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from rig import NEW, OLD, Rig, request, variant

from devbench.devices import Selection
from devbench.domain.variant import Variant
from devbench.engines import EngineFile, placed
from devbench.errors import EngineError, NoUsableDevice
from devbench.graph.model_file import read_variant
from devbench.hashing import sha256_of
from devbench.runners.binaries import targets
from devbench.session import prepare
from devbench.summary import summarise

from ..android_runner.made_gates import Graph, and_gate, xor_gate
from .test_engine_refusal import TARGET, phone

needs_tensorflow = pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")


@pytest.fixture
def xor(tmp_path: Path) -> Variant:
    return read_variant(xor_gate(tmp_path / "xor.pb"))


@needs_tensorflow
def test_a_graph_is_measured_beside_a_tflite_model(rig: Rig, xor: Variant, tmp_path: Path) -> None:
    """Each by the engine for its format, with its own delegate, on both phones; rows do not mix engines."""
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    corners.tofile(tmp_path / "corners.bin")
    done = rig.session(
        request(xor, input_shapes={"x": "4,2"}, input_files={"x": str(tmp_path / "corners.bin")},
                input_sha256={"x": sha256_of(tmp_path / "corners.bin")}), OLD, NEW,
    )  # fmt: skip
    done.assert_complete()
    for m in done.of("xor", "resources"):
        (output,) = m.outputs
        assert output.file is not None and output.name == "y"
        assert np.fromfile(done.folder.path / output.file, np.float32).round().tolist() == [0, 1, 1, 0]
        assert m.actual is not None and (m.actual.engine, m.actual.delegate) == ("tensorflow", "none")
    assert not [p for p in done.pushed if "engine" in p.what]
    rows = summarise(done.run)
    assert {row.cell.backend.engine for row in rows} == {"tensorflow"}
    for row in rows:
        nodes = row.estimate("nodes_executed")
        assert nodes is not None and nodes.value == 13
        (profile,) = row.cell.of_pass("ops")
        assert [op.type for op in profile.ops if op.name.startswith("y")].count("MatMul") == 1
        assert all(op.start_ns is not None and op.memory_bytes is not None for op in profile.ops)


@needs_tensorflow
def test_two_formats_are_two_engines_in_one_run(rig: Rig, xor: Variant) -> None:
    done = rig.session(request(xor, variant("and-gate")), NEW)
    done.assert_complete()
    engines = {row.cell.variant.variant: row.cell.backend for row in summarise(done.run)}
    assert (engines["xor"].engine, engines["xor"].delegate) == ("tensorflow", "none")
    assert (engines["and-gate"].engine, engines["and-gate"].delegate) == ("litert", "xnnpack")
    assert not done.of("and-gate", "ops") and len(done.of("xor", "ops")) == 1


@pytest.mark.slow
@needs_tensorflow
def test_a_run_of_graphs_is_resumed(rig: Rig, xor: Variant) -> None:
    """The phone's own library is found again."""
    done = rig.session(request(xor), NEW)
    lines = (done.folder.path / "records.jsonl").read_text().splitlines(keepends=True)
    (done.folder.path / "records.jsonl").write_text(lines[0])
    resumed = rig.resumed(done.folder, NEW)
    resumed.assert_complete()


def test_a_phone_without_the_large_library_is_told_so() -> None:
    file = EngineFile(engine="tensorflow", version="2.21.0", target="linux-x86_64", path=Path("x"), sha256="0",
                      size_bytes=788_000_000)  # fmt: skip
    with pytest.raises(EngineError, match="788 MB are not pushed") as caught:
        placed(file, phone(sdk=30))
    assert "/opt/engines/tensorflow" in str(caught.value.fix)


@pytest.mark.skipif(TARGET not in targets(), reason="no runner for Android is built")
def test_an_operator_that_the_runtime_lacks_is_found_before_anything_is_pushed(tmp_path: Path) -> None:
    """The row is skipped with its name, and the transform that may help is told whole."""
    from platformdirs import user_cache_dir

    graph = Graph(producer=22)
    graph.input("x", 1, 2)
    graph.float_op("y", "AddV2", "x", "x")
    (tmp_path / "new.pb").write_bytes(graph.bytes)
    models = (read_variant(tmp_path / "new.pb"), read_variant(and_gate(tmp_path / "and.pb")))
    asked = dataclasses.replace(
        request(*models, engines=("tfmobile@1.4.0",)), engine_cache=Path(user_cache_dir("devbench")) / "engines"
    )
    selection = Selection(devices=(phone(sdk=30),), rejects=(), unmatched=())
    try:
        prepared = prepare(asked, selection, now=datetime(2026, 1, 1))
    except NoUsableDevice as error:
        pytest.skip(f"no engine: {error}")
    (plan,) = prepared.phones
    refused = {plan.refused[job.job_id].kind for job in plan.jobs if job.variant == "new"}
    assert refused == {"unsupported-op"}
    failure = next(f for f in plan.refused.values())
    assert "y (AddV2: it has no such op)" in failure.cause
    assert "--inputs x --outputs y --transforms 'downgrade_ops(runtime=\"tfmobile-1.4.0\")'" in failure.fix
    runnable = {job.backend.engine for job in plan.jobs if job.job_id not in plan.refused}
    assert runnable == {"tfmobile"} and {j.backend.delegate for j in plan.jobs} == {"none"}
