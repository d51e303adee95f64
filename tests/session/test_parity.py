"""What half precision costs in answers stands beside its time, without any held-out set."""

from __future__ import annotations

from pathlib import Path

import pytest
from rig import NEW, Rig, Session, request

from devbench.cli.parity_gate import parity_failures
from devbench.domain.summary import CellSummary
from devbench.graph.model_file import read_variant
from devbench.reports.base import build_report
from devbench.reports.table import build_table
from devbench.summary import summarise
from devbench.variants.package import package_variants

from ..engines.paced import build_paced, build_toy_delegate, write_paced


def off(row: CellSummary, field: str = "max_abs") -> float | None:
    found = row.estimate(f"fp32_parity_{field}")
    assert found is not None and (found.value is None) == (found.reason is not None)
    return found.value


def rows(session: Session) -> dict[str, CellSummary]:
    return {row.cell.backend.delegate: row for row in summarise(session.run)}


def test_weights_in_float16_are_held_against_the_float32_file(rig: Rig) -> None:
    """Seeded inputs on the phone: really apart, and by little; the table has it next to the time."""
    named = {v.variant: v for v in package_variants()}
    done = rig.session(request(named["small-cnn-fp32"], named["small-cnn-fp16"]), NEW)
    done.assert_complete()
    exact, half = summarise(done.run)
    value, scale = off(half), off(half, "reference_max_abs")
    assert value is not None and scale is not None and 0 < value < 0.01 * scale
    assert (off(half, "cosine") or 0) > 0.999 and off(exact) is None
    assert not {t.id for t in half.taints} & {"DELEGATE-NOT-APPLIED", "COUNT-TOO-LOW"}
    heads = [column.label for column in build_table(build_report(done.run)).columns]
    assert heads[heads.index("Steady") + 1] == "Off fp32, max abs"
    report = build_report(done.run)
    assert parity_failures(report, {"parity_max_abs": 1.0}) == []
    (failure,) = parity_failures(report, {"parity_max_abs": value / 2})
    assert "fp32_parity_max_abs" in failure and "small-cnn-fp16" in failure


def test_a_delegate_is_held_against_the_engines_own_kernels(rig: Rig, tmp_path: Path) -> None:
    """A GPU's half precision is planted: 0.25 where float32 says 0.5. Without a GPU there is nothing to compare."""
    engine = f"tflite@2.16.1={build_paced(tmp_path)}"
    toy = build_toy_delegate(tmp_path)
    model = read_variant(write_paced(tmp_path / "paced.tflite", latency_us=100, output=0.5, delegated_output=0.25))
    words = ("none", f"gpu-fp16={toy}", f"external={toy};take:none", "nnapi")
    found = rows(rig.session(request(model, engines=(engine,), delegates=words), NEW))
    assert off(found["gpu-fp16"]) == pytest.approx(0.25)
    assert off(found["gpu-fp16"], "reference_max_abs") == pytest.approx(0.5)
    assert off(found["external"]) == 0.0
    assert off(found["none"]) is None and off(found["nnapi"]) is None
    (reference,) = found["gpu-fp16"].cell.of_pass("parity")
    assert reference.actual is not None and reference.actual.delegate == "none"
