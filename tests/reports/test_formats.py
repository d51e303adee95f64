"""CSV, Markdown, JSON and pictures keep their contracts, for hostile runs too; a format is one new file."""

import csv
import io
import json
from pathlib import Path

import pytest
from made_runs import HOSTILE, LOW_BATTERY, SERIAL, SERIALNO, make_run, phone, variant

import devbench.reports
from devbench.domain.measurement import Failure
from devbench.errors import UsageError
from devbench.reports import all_formats, build_report, write_reports
from devbench.reports.console_table import console_table, decimal_aligned
from devbench.reports.markdown import markdown

SUMMARY = (
    "run_id,device,device_model,virtual,model,variant,format,engine,engine_version,runner,delegate,threads,"
    "cores,abi,metric,phase,unit,value,low,high,n,rounds,status,verdict,taints"
)
SAMPLES = "run_id,device,variant,engine,runner,threads,round,attempt,phase,index,ns"
CRASH = Failure(kind="crash", cause="signal 11")


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(tmp_path: Path, names: list[str], **planted: object) -> list[Path]:
    return list(write_reports(build_report(make_run(**planted)), names, tmp_path))


def test_summary_csv_has_the_agreed_columns_and_one_row_a_cell_and_metric(tmp_path: Path) -> None:
    taints = {("phone-000000", "fp32"): (LOW_BATTERY,)}
    summary, _, _ = write(tmp_path, ["csv"], phones=(phone(0), phone(1, virtual=True)), taints=taints)
    assert summary.read_text().splitlines()[0] == SUMMARY
    rows = rows_of(summary)
    keys = [(r["device"], r["variant"], r["metric"], r["phase"]) for r in rows]
    assert len(set(keys)) == len(keys)
    steady = next(r for r in rows if (r["variant"], r["metric"], r["phase"]) == ("fp32", "latency", "steady"))
    assert float(steady["low"]) < float(steady["value"]) < float(steady["high"])
    assert (steady["unit"], steady["rounds"], steady["n"]) == ("ns", "8", "480")
    assert (steady["status"], steady["verdict"], steady["taints"]) == ("ok", "tainted", "LOW-BATTERY")
    assert {r["device"]: r["virtual"] for r in rows} == {"phone-000000": "false", "phone-000001": "true"}


def test_unknown_values_are_empty_fields_and_failures_wear_their_kind(tmp_path: Path) -> None:
    summary, _, _ = write(tmp_path, ["csv"], failures={("phone-000000", "int8"): CRASH})
    rows = [r for r in rows_of(summary) if r["variant"] == "int8" and r["metric"] == "latency"]
    assert {(r["value"], r["low"], r["high"], r["status"], r["verdict"]) for r in rows} == {
        ("", "", "", "failed", "crash")
    }


def test_samples_csv_has_every_sample_once_and_survives_hostile_names(tmp_path: Path) -> None:
    run = make_run(variants=(variant(HOSTILE), variant('a,"b"\nc')), rounds=2, samples=7)
    _, samples, _ = write_reports(build_report(run), ["csv"], tmp_path)
    assert samples.read_text().splitlines()[0] == SAMPLES
    rows = rows_of(samples)
    expected = [
        (m.variant, str(m.round), s.phase, str(i), str(ns))
        for m in run.measurements
        for s in m.series
        for i, ns in enumerate(s.values_ns)
    ]
    assert [(r["variant"], r["round"], r["phase"], r["index"], r["ns"]) for r in rows] == expected


def test_json_holds_what_the_table_shows_and_no_serial(tmp_path: Path) -> None:
    (path,) = write(tmp_path, ["json"], failures={("phone-000000", "int8"): CRASH})
    text = path.read_text()
    assert SERIAL not in text and SERIALNO not in text and "/home/somebody" not in text
    data = json.loads(text)
    assert data["schema"] == 1
    cells = {cell["variant"]: cell for cell in data["cells"]}
    assert cells["int8"]["failure"]["kind"] == "crash"
    assert cells["control"]["control"] is True
    steady = next(e for e in cells["fp32"]["estimates"] if (e["metric"], e["phase"]) == ("latency", "steady"))
    assert steady["value"] == pytest.approx(20e6, rel=0.01)
    assert cells["fp32"]["comparison"] is None


def test_markdown_keeps_its_table_whatever_the_names_are() -> None:
    text = markdown(build_report(make_run(variants=(variant(HOSTILE), variant("a|b\n# c")))))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4
    bare = [line.replace("\\|", "") for line in table]
    assert len({line.count("|") for line in bare}) == 1
    assert "<script" not in text.replace("\\<script", "")


def test_pictures_are_the_same_bytes_each_time_and_every_name_is_drawn(tmp_path: Path) -> None:
    planted = {"variants": (variant(HOSTILE), variant("$\\frac{x}$ 模型")), "ops": True, "rounds": 3}
    first = write(tmp_path / "1", ["svg"], **planted)
    second = write(tmp_path / "2", ["svg"], **planted)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    names = {p.name.removesuffix("-phone-000000.svg") for p in first}
    assert names == {"forest", "rounds", "ops", "memory"}
    assert all("模型" in p.read_text() for p in first)


def test_png_pictures_are_png(tmp_path: Path) -> None:
    paths = write(tmp_path, ["png"], rounds=2, resources=False, control=False)
    assert paths and all(p.read_bytes().startswith(b"\x89PNG") for p in paths)


def test_an_unknown_format_is_named_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="htm") as caught:
        write(tmp_path / "out", ["csv", "htm"])
    assert caught.value.fix == "did you mean html?"
    assert not (tmp_path / "out").exists()


NEW_FORMAT = """
from devbench.reports.base import Format


def _write(report, folder):
    path = folder / "count.txt"
    path.write_text(str(len(report.summaries)))
    return (path,)


FORMATS = (Format(name="count", sentence="how many cells", write=_write),)
"""


def test_a_report_is_added_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "count_format.py").write_text(NEW_FORMAT)
    monkeypatch.setattr(devbench.reports, "__path__", [*devbench.reports.__path__, str(tmp_path)])
    assert "count" in all_formats()
    (path,) = write(tmp_path / "out", ["count"])
    assert path.read_text() == "2"


def drawn(width: int, **planted: object) -> str:
    from rich.console import Console

    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(console_table(build_report(make_run(**planted)), width))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_wide_console_shows_every_column_and_a_narrow_one_says_what_is_missing() -> None:
    wide = drawn(200)
    assert "too narrow" not in wide and "Nodes" in wide and "PSS" in wide
    narrow = drawn(80)
    assert "Steady" in narrow and "Verdict" in narrow
    assert "too narrow for:" in narrow and "Nodes" in narrow.split("too narrow for:")[1]
    assert all(len(line) <= 80 for line in narrow.splitlines())


def test_the_console_says_why_a_cell_has_no_number() -> None:
    failure = Failure(kind="unsupported-op", cause="LSTM is not in this engine", fix="take another")
    text = drawn(200, failures={("phone-000000", "int8"): failure})
    assert "failed: unsupported-op" in text
    assert "int8 on OPPO A37f: unsupported-op: LSTM is not in this engine → take another" in text


def test_a_name_cannot_send_escape_sequences_to_the_terminal() -> None:
    assert "\x1b" not in drawn(200, variants=(variant("evil\x1b[2Jname"), variant("b")))


def test_decimal_points_stand_below_each_other() -> None:
    assert decimal_aligned(["1.23", "123", "", "12.3"]) == ["  1.23", "123   ", "      ", " 12.3 "]


@pytest.mark.parametrize("formats", [sorted(all_formats())])
def test_a_run_cut_short_still_gives_every_report(tmp_path: Path, formats: list[str]) -> None:
    from dataclasses import replace

    run = make_run(ops=True)
    for kept in (0, 5):
        cut = build_report(replace(run, measurements=run.measurements[:kept]))
        assert write_reports(cut, formats, tmp_path / str(kept))
