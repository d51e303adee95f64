"""Held-out sets on the two default virtual phones: pushed once, run whole, judged by their labels on the host."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from referee import reference_outputs
from rig import BRIEF, NEW, OLD, Rig, request, variant

from devbench.cli.parity_gate import parity_code, parity_failures
from devbench.domain.held_out import HeldOut, Preprocessing
from devbench.domain.job import Profile
from devbench.domain.suite_table import SuiteTable, SuiteTableRow
from devbench.domain.summary import Cell
from devbench.domain.variant import Variant
from devbench.metrics import all_metrics
from devbench.reports.base import build_report
from devbench.reports.html_page import html
from devbench.reports.markdown import markdown
from devbench.reports.suite_tables import suite_tables
from devbench.reports.table import build_table
from devbench.runners.held_out import set_words
from devbench.summary import summarise
from devbench.variants.held_out import with_reference, write_held_out

CORNERS = np.array([[0, 0], [0, 255], [255, 0], [255, 255]], np.uint8)
SCALED = Preprocessing(scale=(1 / 255,))
PROFILE = Profile(name="test", rounds=1, bounds=BRIEF, passes=("latency", "accuracy"))


def corners(folder: Path, labels: list[int], reference: list[float] | None = None, **more: Any) -> HeldOut:
    held_out = write_held_out(
        folder, name="corners", metric="binary", inputs={"bits": CORNERS}, labels=np.array(labels, np.int32),
        model_dtypes=("float32",), preprocessing=(SCALED,), **more,
    )  # fmt: skip
    return held_out if reference is None else with_reference(held_out, np.array(reference, np.float32)[:, None])


def gate(held_out: HeldOut, **more: Any) -> Variant:
    return dataclasses.replace(variant("and-gate"), held_out=held_out, **more)


def values(cell: Cell) -> dict[str, float | None]:
    return {m.name: m.estimate(cell).value for m in all_metrics() if m.passes == ("accuracy",)}


def test_accuracy_is_measured_on_the_phone(rig: Rig, tmp_path: Path) -> None:
    """The raw set travels once a phone; the phone scales it; its answers are judged here, with exact bounds."""
    done = rig.session(request(gate(corners(tmp_path, [0, 0, 0, 1], [0, 0, 0, 1])), profile=PROFILE), OLD, NEW)
    done.assert_complete()
    assert [p.size_bytes for p in done.pushed if "held-out corners" in p.what] == [8, 8]
    for m in done.of("and-gate", "accuracy"):
        assert m.judged is not None and (m.judged.right, m.judged.count) == (4, 4)
        (output,) = m.outputs
        assert output.shape == (4, 1) and output.file is not None
        answers = np.fromfile(done.folder.path / output.file, np.float32)
        assert answers.round().tolist() == [0, 0, 0, 1]
        assert m.judged.parity is not None
        assert m.judged.parity.max_abs == pytest.approx(np.abs(answers - [0, 0, 0, 1]).max())
        assert len(m.samples_ns("steady")) == 4
    for row in summarise(done.run):
        accuracy, took = row.estimate("accuracy"), row.estimate("execution_time")
        assert accuracy is not None and (accuracy.value, accuracy.n) == (1.0, 4)
        assert accuracy.low == pytest.approx(0.025 ** (1 / 4)) and accuracy.high == 1.0
        assert took is not None and took.value is not None and took.n == 4
        (m,) = row.cell.of_pass("accuracy")
        assert took.value >= sum(m.samples_ns("steady"))
    again = rig.session(request(gate(corners(tmp_path, [0, 0, 0, 1])), profile=PROFILE), NEW)
    assert not [p for p in again.pushed if "held-out" in p.what]


def two_inputs(folder: Path, names: tuple[str, ...]) -> HeldOut:
    """Three samples of the network with two inputs, in that order, labelled by what the referee says of them."""
    random = np.random.default_rng(1)
    values = {
        "image": random.uniform(0, 1, (3, 16, 16, 1)).astype(np.float32),
        "position": random.uniform(0, 1, (3, 4)).astype(np.float32),
    }
    file = variant("two-inputs").path
    rows = [{name: value[place : place + 1] for name, value in values.items()} for place in range(3)]
    scores = np.concatenate([reference_outputs(file, row)["scores"] for row in rows])
    return write_held_out(
        folder, name="pairs", metric="top1", inputs={name: values[name] for name in names},
        labels=scores.argmax(1).astype(np.int32), model_dtypes=("float32",) * len(names),
        preprocessing=(Preprocessing(),) * len(names),
    )  # fmt: skip


@pytest.mark.parametrize("names", [("image", "position"), ("position", "image")])
def test_inputs_of_several_are_found_by_name_whatever_their_order(
    rig: Rig, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """By the tensors' names, which TensorFlow Lite of every age knows; a graph's node is called as the input."""
    model = dataclasses.replace(variant("two-inputs"), held_out=two_inputs(tmp_path, names))
    words = [word.partition("/")[0] for word in set_words(model) if word.startswith("batch=")]
    assert words == [f"batch=serving_default_{name}:0=" for name in names]
    graph = dataclasses.replace(model, format="pb")
    assert next(w for w in set_words(graph) if w.startswith("raw=")).startswith(f"raw={names[0]}=float32:")
    done = rig.session(request(model, profile=PROFILE), NEW)
    (m,) = done.of("two-inputs", "accuracy")
    assert m.judged is not None and m.judged.right == 3, m.failure


def test_a_set_without_one_of_the_inputs_says_which_there_are(rig: Rig, tmp_path: Path) -> None:
    model = dataclasses.replace(variant("two-inputs"), held_out=two_inputs(tmp_path, ("image",)))
    done = rig.session(request(model, profile=PROFILE), NEW)
    (m,) = done.of("two-inputs", "accuracy")
    assert m.status == "failed" and m.failure is not None
    assert m.failure.cause == "two-inputs reads image, position; held-out set pairs has image"


def test_a_row_with_scaling_left_out_is_measured_for_its_answers_only(rig: Rig, tmp_path: Path) -> None:
    """The talk's warning as a row: the same file, the phone's preprocessing wrong, and how far that leads."""
    right = corners(tmp_path, [0, 1, 1, 1], [0, 1, 1, 1], unit=None)
    wrong = dataclasses.replace(right, preprocessing=(Preprocessing(mean=(300.0,), scale=(1 / 255,)),))
    done = rig.session(
        request(gate(right), gate(wrong, variant="shifted", mistake="shifted"), profile=PROFILE), NEW
    )
    done.assert_complete()
    assert not done.of("shifted") and len(done.of("shifted", "accuracy")) == 1
    good, bad = summarise(done.run)
    assert values(good.cell)["accuracy"] == 0.5  # of AND's answers, OR calls two wrong
    assert values(bad.cell)["accuracy"] == 0.25
    assert bad.status == "ok"
    _, row = build_table(build_report(done.run)).rows
    steady = next(e for e in row.entries if e.note)
    assert (steady.text, steady.note) == ("–", "wrong on purpose: shifted")
    assert not any(entry.best for entry in row.entries)


def test_a_distance_is_told_in_its_own_metric(rig: Rig, tmp_path: Path) -> None:
    held_out = write_held_out(
        tmp_path, name="kg", metric="mean_absolute_error", inputs={"bits": CORNERS},
        labels=np.array([1, 1, 1, 0], np.float32), model_dtypes=("float32",), preprocessing=(SCALED,), unit="kg",
    )  # fmt: skip
    done = rig.session(request(gate(held_out), profile=PROFILE), NEW)
    (row,) = summarise(done.run)
    found = values(row.cell)
    assert found["mae"] == pytest.approx(1.0, abs=0.02) and found["accuracy"] is None
    assert found["parity_max_abs"] is None
    parity = row.estimate("parity_max_abs")
    assert parity is not None and "no outputs of the network" in (parity.reason or "")


def test_labels_of_another_model_fail_the_job_by_name(rig: Rig, tmp_path: Path) -> None:
    held_out = write_held_out(
        tmp_path, name="classes", metric="top1", inputs={"bits": CORNERS}, labels=np.array([0, 3, 0, 0], np.int32),
        model_dtypes=("float32",), preprocessing=(SCALED,),
    )  # fmt: skip
    done = rig.session(request(gate(held_out), profile=PROFILE), NEW)
    (m,) = done.of("and-gate", "accuracy")
    assert m.failure is not None and m.failure.kind == "unparsed"
    assert "labels lie between 0 and 3" in m.failure.cause


def test_a_line_of_a_suite_s_table_without_numbers_says_why(rig: Rig, tmp_path: Path) -> None:
    held_out = write_held_out(
        tmp_path, name="classes", metric="top1", inputs={"bits": CORNERS}, labels=np.array([0, 3, 0, 0], np.int32),
        model_dtypes=("float32",), preprocessing=(SCALED,),
    )  # fmt: skip
    table = SuiteTable(title="Gates", columns=("size", "accuracy"), rows=(SuiteTableRow(variants=("and-gate",)),))
    only = dataclasses.replace(PROFILE, passes=("accuracy",))
    asked = dataclasses.replace(request(gate(held_out), profile=only), tables=(table,))
    (view,) = suite_tables(build_report(rig.session(asked, NEW).run))
    (row,) = view.rows
    assert row[view.heads.index("Accuracy")] == "–"
    engine = row[view.heads.index("Engine")]
    assert view.notes[0].startswith(f"and-gate by {engine}: failed, unparsed: outputs of shape ")
    assert "labels lie between 0 and 3" in view.notes[0]


def test_only_what_has_a_held_out_set_is_judged(rig: Rig) -> None:
    done = rig.session(request("and-gate", profile=PROFILE), NEW)
    assert not done.of("and-gate", "accuracy") and len(done.of("and-gate")) == 1


def test_the_parity_gate_names_phone_variant_and_how_far(rig: Rig, tmp_path: Path) -> None:
    near = corners(tmp_path / "near", [0, 0, 0, 1], [0, 0, 0, 1])
    far = corners(tmp_path / "far", [0, 0, 0, 1], [0, 1, 0, 1])
    wrong = gate(near, variant="wrong", mistake="on purpose")
    done = rig.session(
        request(gate(near, variant="near"), gate(far, variant="far"), wrong, profile=PROFILE), NEW
    )
    report = build_report(done.run)
    assert parity_failures(report, {}) == []
    (failure,) = parity_failures(report, {"parity_max_abs": 0.5})
    assert failure.startswith(f"{rig.device(NEW)}: far by litert: parity_max_abs is 0.99")
    assert "over the limit of 0.5 (n = 4)" in failure
    assert len(parity_failures(report, {"parity_max_abs": 1e-9})) == 2
    assert parity_code(report, {"parity_mean_squared": 0.1}) == 4
    assert parity_code(report, {"parity_mean_squared": 0.9}) == 0


def test_a_suite_s_table_stands_beside_what_others_said(rig: Rig, tmp_path: Path) -> None:
    """Measured columns with intervals, ratios within one engine only, and figures of others marked as theirs."""
    held_out = corners(tmp_path, [0, 0, 0, 1])
    table = SuiteTable(
        title="Gates", columns=("size", "accuracy", "execution_time", "latency.steady"), faster_than="and-gate",
        source="a talk", told_head="the talk's own figures",
        rows=(
            SuiteTableRow(variants=("and-gate", "not-in-this-run"), told="7 MB"),
            SuiteTableRow(variants=("small-cnn-fp32",)),
        ),
    )  # fmt: skip
    asked = request(gate(held_out), "small-cnn-fp32", profile=PROFILE, rounds=2)
    done = rig.session(dataclasses.replace(asked, tables=(table,)), OLD, NEW)
    report = build_report(done.run)
    views = suite_tables(report)
    assert {view.device for view in views} == {rig.device(OLD), rig.device(NEW)}
    for view in views:
        fields = [dict(zip(view.heads, row, strict=True)) for row in view.rows]
        assert [f["Variant"] for f in fields] == ["and-gate", "small-cnn-fp32"]
        assert [f["the talk's own figures"] for f in fields] == ["7 MB", "–"]
        assert fields[0]["Accuracy"] == "1.00 (0.398–1.00)" and fields[1]["Accuracy"] == "–"
        assert fields[0]["× faster than and-gate"] == "1 (reference)"
        assert 0 < float(fields[1]["× faster than and-gate"].split()[0]) < 1
        assert view.title.endswith("(virtual)")
        assert any("4 of corners" in note for note in view.notes)
        assert view.notes[-1] == "the talk's own figures: a talk. None of these figures was measured here."
    for text in (html(report), markdown(report)):
        assert text.count("7 MB") == 2 and "Gates, on" in text.replace("\\", "")


def test_a_gate_that_nothing_can_answer_fails(rig: Rig) -> None:
    done = rig.session(request("and-gate", profile=PROFILE), NEW)
    (failure,) = parity_failures(build_report(done.run), {"parity_max_abs": 1.0})
    assert "no parity was measured" in failure
