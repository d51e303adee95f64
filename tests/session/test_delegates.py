"""Delegates side by side: what applies is counted, what does not is skipped with its reason, harming no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from rig import NEW, Rig, request

from devbench.domain.measurement import Measurement
from devbench.graph.model_file import read_variant
from devbench.summary import summarise

from ..engines.paced import build_paced, build_toy_delegate, write_paced


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"tflite@2.16.1={build_paced(tmp_path_factory.mktemp('engine'))}"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_toy_delegate(tmp_path_factory.mktemp("delegate"))


def test_each_delegate_has_its_own_row_and_its_own_reason(
    rig: Rig, engine: str, toy: Path, tmp_path: Path
) -> None:
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=100))
    words = ("none", f"gpu={toy}", f"gpu-fp16={toy}", f"external={toy}", "nnapi", "gpu")
    asked = request(model, engines=(engine,), delegates=words)
    session = rig.session(asked, NEW)
    latency: dict[tuple[str, bool], Measurement] = {}
    jobs = {job.job_id: job for job in session.run.header.jobs}
    for m in session.run.measurements:
        backend = jobs[m.job_id].backend
        if m.pass_name == "latency":
            latency[backend.delegate, backend.delegate_sha256 is not None] = m
    ok = {key: m.actual for key, m in latency.items() if m.status == "ok"}
    assert set(ok) == {("none", False), ("gpu", True), ("gpu-fp16", True), ("external", True)}
    found = {
        name: (a.delegate, a.delegated_nodes, a.nodes) for (name, _), a in ok.items() if a is not None
    }
    assert found == {
        "none": ("none", 0, 2),
        "gpu": ("gpu", 5, 10),
        "gpu-fp16": ("gpu-fp16", 10, 10),
        "external": ("external", 10, 10),
    }
    assert {t.id for t in latency["gpu", True].taints} >= {"DELEGATE-PARTIAL"}
    assert {t.id for t in latency["gpu-fp16", True].taints} & {"DELEGATE-PARTIAL", "DELEGATE-NOT-APPLIED"} == set()
    for key, says in ((("nnapi", False), "NNAPI is Android's"), (("gpu", False), "no GPU delegate")):
        missing = latency[key]
        assert (missing.status, missing.failure and missing.failure.kind) == ("skipped", "delegate-refused")
        assert missing.failure is not None and says in missing.failure.cause


def test_a_library_that_is_no_delegate_is_skipped_with_the_phones_words(
    rig: Rig, engine: str, tmp_path: Path
) -> None:
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=100))
    asked = request(model, engines=(engine,), delegates=("none", f"external={engine.partition('=')[2]}"))
    session = rig.session(asked, NEW)
    statuses = {(m.status, m.failure.kind if m.failure else None) for m in session.run.measurements}
    assert statuses == {("ok", None), ("skipped", "delegate-refused")}


def test_an_engine_without_such_delegates_keeps_its_other_rows(rig: Rig) -> None:
    session = rig.session(request("and-gate", delegates=("xnnpack", "gpu", "nnapi")), NEW)
    statuses = [(m.status, m.failure.kind if m.failure else None) for m in session.run.measurements]
    assert statuses.count(("ok", None)) == 2
    assert statuses.count(("skipped", "delegate-refused")) == 4


def test_options_of_a_delegate_make_rows_of_their_own(rig: Rig, engine: str, toy: Path, tmp_path: Path) -> None:
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=100))
    words = (f"external={toy};take:all", f"external={toy};take:half", f"external={toy};colour:red")
    session = rig.session(request(model, engines=(engine,), delegates=words), NEW)
    rows = {row.cell.backend.delegate_told: row for row in summarise(session.run)}
    took = {
        told: (m.actual.delegated_nodes, m.actual.nodes)
        for told, row in rows.items()
        for m in row.cell.of_pass("latency")
        if m.actual is not None
    }
    assert took == {"external take:all": (10, 10), "external take:half": (5, 10)}
    refused = rows["external colour:red"]
    assert refused.status == "skipped" and refused.failure is not None
    assert "an option that it does not know" in f"{refused.failure.cause} {refused.failure.evidence}"


def test_a_weight_cache_is_written_and_changes_no_answer(rig: Rig, engine: str, tmp_path: Path) -> None:
    """By engine litert; another engine's row is skipped, and says which engine has one."""
    cache = "/data/local/tmp/devbench-weights"
    rig.phone(NEW).shell(f"rm -f {cache}")
    words = ("xnnpack", f"xnnpack;weight-cache:{cache}")
    done = rig.session(request("small-cnn-fp32", delegates=words), NEW)
    done.assert_complete()
    assert int(rig.phone(NEW).shell(f"stat -c %s {cache}").stdout) > 1000
    answers = {tuple(o.sha256 for o in m.outputs) for m in done.of("small-cnn-fp32", "resources")}
    assert len(answers) == 1
    rig.phone(NEW).shell(f"rm -f {cache}")
    paced = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=100))
    other = rig.session(request(paced, engines=(engine,), delegates=("none", words[1])), NEW)
    causes = {m.failure.cause for m in other.run.measurements if m.failure is not None}
    assert causes == {"tflite 2.16.1 has no weight cache; engine litert has one"}
