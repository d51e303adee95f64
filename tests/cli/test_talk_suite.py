"""`devbench run --suite talk --fast` as a newcomer has it: trained, transformed, measured and put into tables."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from started import make_devbench

from devbench import virtual
from devbench.domain.suite_table import SuiteTable
from devbench.suites.load import load_suite

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.skipif(virtual.why_not() is not None, reason="no virtual phones here"),
]
OWN = "the talk's own figures"
HOUR_S = 3600
TABLES = {table.title: table for table in load_suite("talk", fast=True).tables}


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """report.json and the folder of a run that had nothing in any cache."""
    pytest.importorskip("ai_edge_litert")
    folder = tmp_path_factory.mktemp("talk")
    devbench = make_devbench(folder, folder / "home", 1)
    done = devbench.process(
        "run", "--suite", "talk", "--fast", "--device", "virtual", "--json", timeout=HOUR_S
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (header,) = (folder / "results").glob("*/run.json")
    return json.loads(done.stdout), header.parent


def estimate(report: dict[str, Any], device: str, variant: str, column: str) -> dict[str, Any]:
    metric, _, phase = column.partition(".")
    (cell,) = [c for c in report["cells"] if (c["device"], c["variant"]) == (device, variant)]
    (found,) = [e for e in cell["estimates"] if (e["metric"], e["phase"]) == (metric, phase)]
    assert isinstance(found, dict)
    return found


def views(report: dict[str, Any]) -> list[tuple[SuiteTable, dict[str, Any], list[dict[str, str]]]]:
    """Each table as the suite asks for it, as the report has it, and its rows by head."""
    return [
        (
            TABLES[view["title"].rpartition(", on ")[0]],
            view,
            [dict(zip(view["heads"], row, strict=True)) for row in view["rows"]],
        )
        for view in report["tables"]
    ]


def test_there_are_three_tables_for_each_of_two_phones(reduced: tuple[dict[str, Any], Path]) -> None:
    report, _ = reduced
    assert len(TABLES) == 3
    found = [(view["device"], table.title) for table, view, _ in views(report)]
    assert sorted(found) == sorted((d["device"], title) for d in report["devices"] for title in TABLES)
    assert len({device for device, _ in found}) == 2
    for table, view, rows in views(report):
        kept = {c["variant"] for c in report["cells"]}
        asked = [v for row in table.rows for v in row.variants if v in kept]
        assert [row["Variant"].partition(" ")[0] for row in rows] == asked
        assert len(asked) == (7 if table.title.startswith("MobileNet") else 4)
        assert "(virtual)" in view["title"]


def test_every_field_is_a_number_or_has_a_reason(reduced: tuple[dict[str, Any], Path]) -> None:
    report, _ = reduced
    missing: set[str] = set()
    for table, view, rows in views(report):
        measured = view["heads"][2 : 2 + len(table.columns)]
        for row in rows:
            variant = row["Variant"].partition(" ")[0]
            for head, column in zip(measured, table.columns, strict=True):
                known = estimate(report, view["device"], variant, column)
                if row[head] == "–":
                    assert known["value"] is None and len(known["reason"]) > 10, (variant, column)
                    missing.add(variant)
                else:
                    assert float(row[head].split()[0]) > 0 and known["value"] > 0, (variant, column)
        if table.faster_than is not None:
            ratios = {row["Variant"]: row[f"× faster than {table.faster_than}"] for row in rows}
            assert ratios["patchnet-fp32"] == "1 (reference)"
            assert float(ratios["mobilenet-original-tflite"].split()[0]) > 1
            # the reduced suite has PatchNet as .tflite only
            assert ratios["mobilenet-original-pb"] == "–" and "by the same engine" in " ".join(view["notes"])
    assert missing == {"mobilenet-swapped-channels"}  # measured for its answers only


def test_the_phone_is_right_where_it_prepares_pictures_as_the_training_did(
    reduced: tuple[dict[str, Any], Path],
) -> None:
    """quantize_weights costs no more than a tenth; swapped channels show."""
    report, _ = reduced
    for device in (d["device"] for d in report["devices"]):
        known = {
            c["variant"]: estimate(report, device, c["variant"], "accuracy")["value"]
            for c in report["cells"]
            if c["device"] == device and c["variant"].startswith(("mobilenet", "inception", "patchnet"))
        }
        swapped = known.pop("mobilenet-swapped-channels")
        assert swapped < 0.9 and swapped < known["mobilenet-original-tflite"] - 0.1
        assert min(known.values()) > 0.75, known
        for form in ("pb", "tflite"):
            before, after = (known[f"mobilenet-{step}-{form}"] for step in ("original", "quantize-weights"))
            assert abs(after - before) < 0.1


def test_phone_and_host_agree_on_a_weight_unless_the_scaling_is_left_out(
    reduced: tuple[dict[str, Any], Path],
) -> None:
    """In kg: errors that agree sample by sample agree in their mean."""
    report, _ = reduced
    for device in (d["device"] for d in report["devices"]):
        for form in ("pb", "fp32"):
            assert estimate(report, device, f"estimate-weight-{form}", "parity_max_abs")["value"] <= 1e-4
        assert estimate(report, device, "estimate-weight-unscaled", "parity_max_abs")["value"] > 20


def test_gates_and_sentences_come_out_exactly(reduced: tuple[dict[str, Any], Path]) -> None:
    report, _ = reduced
    for device in (d["device"] for d in report["devices"]):
        for form in ("pb", "fp32"):
            for gate in ("and", "xor"):
                assert estimate(report, device, f"{gate}-gate-{form}", "accuracy")["value"] == 1.0
            right = estimate(report, device, f"translation-{form}", "accuracy")
            assert right["value"] >= 0.95 and right["n"] == 200
        scaled, unscaled = (
            estimate(report, device, f"estimate-weight-{name}", "mae")["value"]
            for name in ("fp32", "unscaled")
        )
        assert scaled < 7 and unscaled > 20


def test_what_the_talk_said_is_marked_as_the_talk_s(reduced: tuple[dict[str, Any], Path]) -> None:
    report, _ = reduced
    for table, view, rows in views(report):
        assert view["heads"][-1] == OWN
        assert view["notes"][-1].startswith(OWN)
        assert view["notes"][-1].endswith("None of these figures was measured here.")
        assert any("36 of scenes" in note for note in view["notes"])
        told = {variant: row.told for row in table.rows for variant in row.variants}
        for row in rows:
            assert row[OWN] == (told[row["Variant"].partition(" ")[0]] or "–")
    assert sum(row[OWN] != "–" for _, _, rows in views(report) for row in rows) >= 20


def test_the_gap_between_virtual_phones_is_marked_as_not_measured(
    reduced: tuple[dict[str, Any], Path],
) -> None:
    _, run = reduced
    page = (run / "report" / "report.html").read_text(encoding="utf-8")
    assert "not measured between virtual phones: they are one computer" in page
    for title in TABLES:
        assert page.count(f"{title}, on ") >= 2
