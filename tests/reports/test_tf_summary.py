"""Nodes by time, type and memory: the text reads back as what TensorFlow's own tool prints, JSON has the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import make_run

from devbench.domain.measurement import OpTime
from devbench.domain.run import Run
from devbench.parse import parse
from devbench.reports import build_report, write_reports


def node(index: int, kind: str, name: str, mean_ns: float, start_ns: float, memory_bytes: float) -> OpTime:
    return OpTime(index=index, type=kind, name=name, mean_ns=mean_ns, calls=60, start_ns=start_ns,
                  memory_bytes=memory_bytes)  # fmt: skip


# as two threads may tell them: not in the order in which they started
NODES = (
    node(0, "Conv2D", "conv_2", 3_000_000, 1_020_000, 512_000),
    node(1, "Conv2D", "conv_1", 1_000_000, 10_000, 256_000),
    node(2, "Relu", "relu", 1_000_000, 4_100_000, 0),
)


def traced_run() -> Run:
    run = make_run(ops=True, control=False)
    measurements = tuple(replace(m, ops=NODES) if m.pass_name == "ops" else m for m in run.measurements)
    return replace(run, measurements=measurements)


def test_the_text_is_read_back_as_the_tools_own(tmp_path: Path) -> None:
    (path,) = write_reports(build_report(traced_run()), ["tf-summary"], tmp_path)
    first = path.read_text().split("\n# ")[0]
    parsed = parse("benchmark_model", first).to_json()
    assert parsed["nodes_executed"] == 3
    assert [(op["node_type"], op["name"]) for op in parsed["ops"]] == [
        ("Conv2D", "conv_1"), ("Conv2D", "conv_2"), ("Relu", "relu"),
    ]  # fmt: skip
    assert [op["avg_us"] for op in parsed["ops"]] == [1000, 3000, 1000]
    assert parsed["inference_avg_us"] > 0 and "no stats: " in first and "with stats: " in first
    assert "Summary by node type" in first and "Top by Memory Use" in first and "768000" in first
    by_type = first.split("Summary by node type")[1].splitlines()[2].split()
    assert by_type == ["Conv2D", "2", "4.000", "80.000%", "80.000%", "768.000", "2"]


def test_json_has_the_profile_of_each_row(tmp_path: Path) -> None:
    (path,) = write_reports(build_report(traced_run()), ["json"], tmp_path)
    for cell in json.loads(path.read_text())["cells"]:
        ops = cell["trace"]
        assert (ops["nodes"], ops["inferences"], ops["memory_bytes"]) == (3, 60, 768_000)
        assert ops["total_ns"] == 5_000_000 and ops["no_stats_ns"] > 0 and ops["with_stats_ns"] > 0
        assert [t["type"] for t in ops["types"]] == ["Conv2D", "Relu"]


@pytest.mark.parametrize("planted", [{"ops": False}, {"ops": True}])
def test_what_an_engine_does_not_tell_is_not_made_up(tmp_path: Path, planted: dict[str, bool]) -> None:
    """Without pass ops a sentence; without memory and start no table of them."""
    run = make_run(**planted, control=False)
    text_path, json_path = write_reports(build_report(run), ["tf-summary", "json"], tmp_path)
    text, cells = text_path.read_text(), json.loads(json_path.read_text())["cells"]
    if not planted["ops"]:
        assert "measure with pass ops" in text and {cell["trace"] for cell in cells} == {None}
        return
    assert "Memory" not in text and "Run Order" in text
    assert {cell["trace"]["memory_bytes"] for cell in cells} == {None}
