"""The engine that the benchmark of planted effects measures: a real one, slower just where a model is marked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from .conftest import ROOT, Runner

sys.path.insert(0, str(ROOT / "benchmarks"))


def test_only_a_marked_model_is_slower_and_both_compute_the_same(runner: Runner, tmp_path: Path) -> None:
    """Twenty times the work is planted, so that no disturbance can be taken for it."""
    pytest.importorskip("ai_edge_litert")
    from bare import engine_library
    from planted_engines import build_planted, write_planted

    (tmp_path / "libLiteRt.so").symlink_to(engine_library())
    planted = replace(runner, library=build_planted(tmp_path, str(tmp_path)))
    model = ROOT / "devbench" / "data" / "models" / "small-cnn-fp32.tflite"
    fastest, hashes = [], []
    for pct in (0, 2000):
        marked = write_planted(tmp_path / f"{pct}.tflite", model, pct)
        ended = planted.run(marked, steady_min_n=30, outputs=tmp_path / f"outputs-{pct}")
        assert ended.code == 0, ended.events
        assert ended.one("loaded")["delegate_applied"] == "xnnpack"
        fastest.append(min(ns for e in ended.all("sample") if e["phase"] == "steady" for ns in e["ns"]))
        hashes.append([e["sha256"] for e in ended.all("output")])
    assert hashes[0] == hashes[1] != []
    assert fastest[1] > 10 * fastest[0]
