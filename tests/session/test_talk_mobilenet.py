"""The talk's third table for the whole MobileNet: smaller by quantize_weights, and what that costs, on a phone."""

from __future__ import annotations

import dataclasses
import math
from importlib.util import find_spec
from pathlib import Path

import pytest
from rig import NEW, Rig, request

from devbench.domain.suite import Recipe
from devbench.plan import PROFILES
from devbench.reports.base import build_report
from devbench.reports.suite_tables import suite_tables
from devbench.suites.load import load_suite
from devbench.summary import summarise
from devbench.variants.build import build_variants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]
TITLE = "MobileNet: original, quantize_weights, more options"


def test_the_whole_mobilenet_before_and_after_quantize_weights(rig: Rig, tmp_path: Path) -> None:
    suite = load_suite("talk")
    models = tuple(m for m in suite.models if isinstance(m, Recipe) and m.model == "mobilenet")
    built = build_variants(
        dataclasses.replace(suite, models=models),
        cache_dir=tmp_path / "cache",
        progress=print,
        weights_dir=tmp_path / "no-weights",
    )
    asked = request(*built, profile=dataclasses.replace(PROFILES["quick"], rounds=2), rounds=2)
    done = rig.session(dataclasses.replace(asked, tables=suite.tables), NEW)
    done.assert_complete()

    found = {row.cell.variant.variant: row for row in summarise(done.run)}
    right = {}
    for name, row in found.items():
        accuracy = row.estimate("accuracy")
        assert accuracy is not None and accuracy.value is not None and accuracy.n == 36, name
        assert accuracy.low is not None and accuracy.high is not None
        assert 0 <= accuracy.low <= accuracy.value <= accuracy.high <= 1 and math.isfinite(accuracy.value)
        right[name] = accuracy.value
    sizes = {v.variant: v.file[1] for v in built}
    assert right["mobilenet-original-pb"] > 0.85
    for step in ("quantize-weights", "more-options"):
        assert sizes[f"mobilenet-{step}-pb"] <= 0.30 * sizes["mobilenet-original-pb"]
        for form in ("pb", "tflite"):
            assert abs(right[f"mobilenet-{step}-{form}"] - right[f"mobilenet-original-{form}"]) <= 0.1, right
    assert right["mobilenet-swapped-channels"] < 0.5

    (view,) = (v for v in suite_tables(build_report(done.run)) if v.title.startswith(TITLE))
    rows = [dict(zip(view.heads, row, strict=True)) for row in view.rows]
    measured = view.heads[2:9]
    assert len(rows) == 7 and len(measured) == 7
    assert [row["Variant"].partition(" ")[0] for row in rows if "–" in (row[h] for h in measured)] == [
        "mobilenet-swapped-channels"
    ]
