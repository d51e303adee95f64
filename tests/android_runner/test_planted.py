"""The engine that the benchmark of planted effects measures: a real one, slower just where a model is marked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from .conftest import ROOT, Runner

sys.path.insert(0, str(ROOT / "benchmarks"))


LEVEL_MS, SPREAD = 20.0, 0.0208


def test_only_a_marked_model_is_slower_and_all_compute_the_same(runner: Runner, tmp_path: Path) -> None:
    """Twenty times the work is planted, so that no disturbance can be taken for it; a level is never undercut."""
    pytest.importorskip("ai_edge_litert")
    from bare import engine_library
    from planted_engines import build_planted, write_planted

    (tmp_path / "libLiteRt.so").symlink_to(engine_library())
    planted = replace(runner, library=build_planted(tmp_path, str(tmp_path)))
    model = ROOT / "devbench" / "data" / "models" / "small-cnn-fp32.tflite"
    fastest, hashes = [], []
    for pct, level_us in ((0, 0), (2000, 0), (0, LEVEL_MS * 1e3), (100, LEVEL_MS * 1e3)):
        marked = write_planted(tmp_path / f"{pct}-{level_us}.tflite", model, pct, level_us)
        ended = planted.run(marked, steady_min_n=30, outputs=tmp_path / f"outputs-{pct}-{level_us}")
        assert ended.code == 0, ended.events
        assert ended.one("loaded")["delegate_applied"] == "xnnpack"
        fastest.append(min(ns for e in ended.all("sample") if e["phase"] == "steady" for ns in e["ns"]) / 1e6)
        hashes.append([e["sha256"] for e in ended.all("output")])
    assert hashes[0] != [] and all(others == hashes[0] for others in hashes)
    bare, worked_on, levelled, twice = fastest
    assert worked_on > 10 * bare
    assert levelled >= LEVEL_MS * (1 - SPREAD) and twice >= 2 * LEVEL_MS * (1 - SPREAD)
