"""The operator section, report.json's profile, and node data for Model Explorer, from planted profiles."""

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from made_runs import make_run

from devbench.domain.measurement import OpTime
from devbench.domain.run import Run
from devbench.graph.tflite_file import read_operators
from devbench.hashing import sha256_of
from devbench.reports import build_report, write_reports
from devbench.reports.html_page import html
from devbench.reports.json_file import as_json
from devbench.reports.ops_tables import ops_tables

MODEL = Path(str(files("devbench") / "data" / "models" / "small-cnn-fp32.tflite"))
KINDS = ("Convolution IGEMM", "Convolution IGEMM", "Convolution IGEMM", "Mean (ND)", "Static Reshape (NC)",
         "Fully Connected GEMM", "Softmax (NC, F32)")  # fmt: skip


def profiled() -> Run:
    """A run of a model of the package whose `fp32` was profiled under XNNPACK: 1 µs, 2 µs, … by operator."""
    run = make_run(ops=True)
    ops = tuple(
        OpTime(index=i, type=kind, name="", mean_ns=1000.0 * (i + 1), calls=60, delegate="xnnpack")
        for i, kind in enumerate(KINDS)
    )
    first = replace(run.header.variants[0], path=str(MODEL), sha256=sha256_of(MODEL))
    header = replace(run.header, variants=(first, *run.header.variants[1:]))
    mine = (m.pass_name == "ops" and m.variant == "fp32" for m in run.measurements)
    ms = tuple(replace(m, ops=ops) if yes else m for m, yes in zip(run.measurements, mine, strict=True))
    return replace(run, header=header, measurements=ms)


def test_the_page_lists_the_slowest_operators_with_what_the_sum_leaves_out() -> None:
    report = build_report(profiled())
    table = ops_tables(report)[0]
    assert [row.number for row in table.rows] == [6, 5, 4, 3, 2, 1, 0]
    words = " ".join(table.sentences)
    assert "xnnpack ran 7 of 7 operators, 100.0 % of their time." in words
    assert "The operators add up to 28.0 µs of the " in words
    assert "a process of its own that pays for profiling" in words
    page = html(report)
    assert "Softmax (NC, F32)" in page and "Where does time go?" in page
    assert "does not tell which operators a delegate ran" in page, "of int8, whose operators name no delegate"


def test_json_has_every_operator_and_the_shares_by_type() -> None:
    cells = as_json(build_report(profiled()))["cells"]
    assert isinstance(cells, list)
    found = next(c["ops"] for c in cells if c["variant"] == "fp32")
    assert [o["ns"] for o in found["ops"]] == [1000.0 * (i + 1) for i in range(7)]
    assert abs(sum(found["by_type"].values()) - 1) < 1e-9
    assert next(c["ops"] for c in cells if c["variant"] == "control")["sum_ns"] > 0
    bare = as_json(build_report(make_run()))["cells"]
    assert isinstance(bare, list) and all(c["ops"] is None for c in bare)


def test_model_explorer_gets_microseconds_by_the_tensors_of_the_measured_file(tmp_path: Path) -> None:
    paths = write_reports(build_report(profiled()), ["model-explorer"], tmp_path)
    _, nodes = read_operators(MODEL)
    data = json.loads(paths[0].read_text())
    assert paths[0].parent.name == "model-explorer" and list(data) == ["main"]
    values = {key: result["value"] for key, result in data["main"]["results"].items()}
    assert values == dict(zip((tensor for _, tensor in nodes), (1.0, 2.0, 3.0, 4.0, 6.0, 7.0), strict=True))
    stops = [item["stop"] for item in data["main"]["gradient"]]
    assert stops[0] == 0 and stops[-1] == 1


def test_without_the_measured_file_nameless_operators_give_no_node_data(tmp_path: Path) -> None:
    run = profiled()
    gone = replace(run.header.variants[0], path="/nowhere/model.tflite")
    run = replace(run, header=replace(run.header, variants=(gone, *run.header.variants[1:])))
    paths = write_reports(build_report(run), ["model-explorer"], tmp_path)
    assert [p.name for p in paths] == ["int8-phone-000000-1.json"]
    assert set(json.loads(paths[0].read_text())["main"]["results"]) == {"layer_0", "layer_1", "layer_2"}


def test_a_run_without_profiles_writes_no_node_data(tmp_path: Path) -> None:
    assert write_reports(build_report(make_run()), ["model-explorer"], tmp_path) == ()
    assert list(tmp_path.iterdir()) == []
