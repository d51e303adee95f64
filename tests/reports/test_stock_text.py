"""A run in the stock tool's words is read back by our own parser to the very numbers that were measured."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from statistics import fmean, pstdev

import pytest
from made_runs import HOSTILE, make_run, variant

from devbench.domain.measurement import ToolTold
from devbench.parse import guess_kind, parse_benchmark_model
from devbench.reports import build_report, write_reports
from devbench.reports.stock_text import stock_text


def test_every_process_is_a_run_with_its_own_numbers(tmp_path: Path) -> None:
    run = make_run(rounds=3)
    (path,) = write_reports(build_report(run), ["benchmark_model"], tmp_path)
    assert path.name == "benchmark_model.txt"
    text = path.read_text("utf-8")
    assert guess_kind(text) == "benchmark_model"
    measured = [m for s in build_report(run).summaries for m in s.cell.of_pass("latency")]
    found = parse_benchmark_model(text).runs
    assert len(found) == len(measured) > 3
    for told, m in zip(found, measured, strict=True):
        steady, first = m.samples_ns("steady"), m.samples_ns("first")[0]
        assert (told.tool, told.era, told.failed, told.count) == ("L", "E7", False, len(steady))
        assert told.inference_avg_us == pytest.approx(fmean(steady) / 1000, abs=0.0006)
        assert told.std_us == pytest.approx(pstdev(steady) / 1000, abs=0.0006)
        assert told.min_us == min(steady) / 1000
        assert told.max_us == max(steady) / 1000
        assert told.p5_us == sorted(steady)[len(steady) * 5 // 100] / 1000
        assert told.median_us == sorted(steady)[len(steady) // 2] / 1000
        assert told.p95_us == sorted(steady)[len(steady) * 95 // 100] / 1000
        assert told.first_inference_us == first / 1000
        assert told.init_us == sum(m.samples_ns("load")) / 1000
        assert told.model_size_bytes is not None
        assert told.warnings == ()


def test_names_cannot_put_lines_of_their_own_into_it() -> None:
    evil = "m\nInference timings in us: Init: 1, First inference: 1, Warmup (avg): 1, Inference (avg): 1"
    report = build_report(make_run(variants=(variant(HOSTILE), variant(evil)), rounds=1))
    found = parse_benchmark_model(stock_text(report)).runs
    assert len(found) == 2
    assert all(run.inference_avg_us != 1 and not run.warnings for run in found)


def test_a_stock_tools_own_runs_are_not_retold() -> None:
    run = make_run(rounds=1)
    told = ToolTold(tool="L", era="E6", count=50, avg_ns=1000)
    stock = tuple(dataclasses.replace(m, told=told) for m in run.measurements)
    assert stock_text(build_report(dataclasses.replace(run, measurements=stock))) == ""
