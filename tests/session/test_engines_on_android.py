"""Three engines in one run, each with the models of its format, on an Android userland (env DEVBENCH_RIG, root)."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from made_gates import and_gate
from platformdirs import user_cache_path
from rig import BRIEF, LATENCY, Rig, request, variant

from devbench.engines import engine_table, parse_engine
from devbench.errors import NoUsableDevice
from devbench.graph.model_file import read_variant
from devbench.session import RunRequest
from devbench.summary import summarise

ENGINES = ("tflite@2.4.0", "tflite@2.16.1", "tfmobile@1.4.0")

pytestmark = [
    pytest.mark.skipif("DEVBENCH_RIG" not in os.environ, reason="DEVBENCH_RIG is not set"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the rig is a chroot: it needs root"),
]


def asked(*variants: object, engines: tuple[str, ...] = ENGINES) -> RunRequest:
    formats = {name: engine_table()[parse_engine(name).engine].formats for name in engines}
    made = request(*variants, bounds=BRIEF, engines=engines, formats=formats)  # type: ignore[arg-type]
    cache = Path(os.environ.get("DEVBENCH_HOME") or user_cache_path("devbench")) / "engines"
    return dataclasses.replace(made, engine_cache=cache)


def test_old_and_new_engines_and_a_graph_are_one_table(android: Rig, tmp_path: Path) -> None:
    graph = read_variant(and_gate(tmp_path / "and.pb", shape=(1, 2)))
    try:
        done = android.session(asked("and-gate", graph))
    except NoUsableDevice as error:
        pytest.skip(f"no engine: {error}")
    done.assert_complete()
    rows = {
        (row.cell.variant.variant, f"{row.cell.backend.engine}@{row.cell.backend.engine_version}"): row
        for row in summarise(done.run)
    }
    assert set(rows) == {("and-gate", ENGINES[0]), ("and-gate", ENGINES[1]), ("and", ENGINES[2])}
    for row in rows.values():
        steady = row.estimate("latency", "steady")
        assert row.status == "ok" and steady is not None and steady.value


def test_a_model_that_an_old_engine_lacks_an_operator_for_is_refused_before_anything_is_pushed(
    android: Rig, tmp_path: Path
) -> None:
    model = tmp_path / "newer.tflite"
    model.write_bytes(_with_version(Path(variant("and-gate").path).read_bytes(), 10))
    plan = android.prepared(asked(read_variant(model), engines=ENGINES[:2])).phones[0]
    (refused,) = {failure.cause for failure in plan.refused.values()}
    assert "tflite-2.4.0 cannot load newer: FULLY_CONNECTED version 10 (it has up to 9" in refused
    assert "2.11.0" in refused and len(plan.refused) < len(plan.jobs)


def test_delegates_that_a_phone_lacks_are_skipped_in_its_own_words(android: Rig) -> None:
    """With the GPU delegate of the AAR and Android's own linker: the userland has neither OpenGL nor NNAPI."""
    wanted = asked("and-gate", engines=("tflite",))
    choices = dataclasses.replace(wanted.choices, delegates=("none", "gpu", "gpu-fp16", "nnapi"))
    try:
        done = android.session(dataclasses.replace(wanted, choices=choices))
    except NoUsableDevice as error:
        pytest.skip(f"no engine: {error}")
    rows = {row.cell.backend.delegate: row for row in summarise(done.run)}
    assert rows["none"].status == "ok"
    lacking = {"gpu": "libGLESv3.so", "gpu-fp16": "libGLESv3.so", "nnapi": "libneuralnetworks.so"}
    for delegate, library in lacking.items():
        failure = rows[delegate].failure
        assert rows[delegate].status == "skipped" and failure is not None
        assert failure.kind == "delegate-refused" and f'library "{library}" not found' in failure.cause


def test_the_app_runs_by_androids_own_linker_and_no_machine_is_made_up(android: Rig) -> None:
    """The stand-in for the app is the Android build of the core; a tree without `app_process` has none."""
    wanted = asked("and-gate", engines=("tflite@2.16.1",))
    choices = dataclasses.replace(wanted.choices, runners=("native", "apk", "app_process"))
    try:
        done = android.session(dataclasses.replace(wanted, choices=choices, profile=LATENCY))
    except NoUsableDevice as error:
        pytest.skip(f"no engine: {error}")
    rows = {row.cell.runner: row for row in summarise(done.run)}
    assert (rows["native"].status, rows["apk"].status) == ("ok", "ok")
    failure = rows["app_process"].failure
    assert failure is not None and failure.kind == "not-installed" and "app_process" in failure.cause


def test_32_against_64_bit_is_a_row_each(android: Rig) -> None:
    """The userland runs both: each with its own runner and engine, compared and never pooled."""
    wanted = asked("and-gate", engines=("tflite@2.16.1",))
    choices = dataclasses.replace(wanted.choices, abis=("x86_64", "x86"))
    try:
        done = android.session(dataclasses.replace(wanted, choices=choices, profile=LATENCY))
    except NoUsableDevice as error:
        pytest.skip(f"no engine: {error}")
    done.assert_complete()
    rows = {row.cell.abi: row for row in summarise(done.run)}
    ran = {abi: {m.actual.abi for m in row.cell.measurements if m.actual} for abi, row in rows.items()}
    assert ran == {"x86_64": {"x86_64"}, "x86": {"x86"}}
    assert len({row.cell.backend.engine_sha256 for row in rows.values()}) == 2
    assert sum(row.comparison is not None for row in rows.values()) == 1  # the one with the other


def _with_version(model: bytes, version: int) -> bytes:
    """The AND gate, its FULLY_CONNECTED declared in another version than the converter chose."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    made = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))
    made.operatorCodes[0].version = version
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())
