"""`devbench import`: other tools' files as ordinary runs, whole or not at all, once each, nothing made up."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from other_tools import androidx, androidx_row, google, google_row, log, write
from typer.testing import CliRunner, Result

from devbench import store
from devbench.cli import import_ as command
from devbench.cli.app import app
from devbench.domain.run import Run
from devbench.errors import UsageError
from devbench.history import History, Wanted
from devbench.imports import KINDS
from devbench.reports import all_formats, build_report, write_reports

PHONE = ("--device-model", "Pixel 2")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", *arguments], catch_exceptions=True)


def imported(*arguments: str) -> Run:
    """The run of the only file."""
    result = call(*arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    (run,) = json.loads(result.stdout)["runs"]
    return store.RunFolder(Path(run["folder"])).read()


def steady(run: Run) -> dict[str, list[tuple[int, ...]]]:
    """Steady samples of each process by variant."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for m in run.measurements:
        if m.pass_name == "latency":
            found.setdefault(m.variant, []).append(m.samples_ns("steady"))
    return found


def test_starts_of_benchmark_model_are_processes_with_one_value_each() -> None:
    run = imported(str(write(Path("a.log"), log(8000, 8200))), *PHONE, "--date", "2026-01-31")
    assert steady(run) == {"mobilenet": [(8_000_000,), (8_200_000,)]}
    first, second = run.measurements
    assert (first.round, second.round) == (1, 2) and first.samples_ns("load") == (10_500_000,)
    assert first.told is not None and (first.told.count, first.told.min_ns) == (50, 7_900_000)
    job, variant = run.header.jobs[0], run.header.variants[0]
    assert (job.backend.threads, job.backend.delegate, job.backend.engine) == (4, "none", "tflite")
    assert (variant.size_bytes, variant.sha256, variant.path) == (16_900_800, None, "")
    assert run.header.created_at.startswith("2026-01-31T00:00:00")


def test_what_a_file_does_not_tell_stays_unknown() -> None:
    """No phone's state, no engine, no ABI, no cores, no threads, no size: null, or the word unknown."""
    run = imported(str(write(Path("a.json"), androidx(androidx_row("run", [3.0, 4.0])))))
    (m,), (job,), (variant,), (info,) = (
        run.measurements,
        run.header.jobs,
        run.header.variants,
        run.header.devices,
    )
    assert (m.state_before, m.state_after, m.actual, m.warmup_status, m.usage) == (None, None, None, None, ())
    assert (job.backend.threads, job.backend.engine, job.abi) == (None, "unknown", "unknown")
    assert (variant.size_bytes, variant.sha256, info.soc, info.cores, info.serialno) == (
        None,
        None,
        None,
        (),
        None,
    )
    (row,) = build_report(run).summaries
    assert {e.metric for e in row.estimates if e.value is not None} == {"latency"}
    assert row.estimate("latency", "load").value is None  # type: ignore[union-attr]


def test_repetitions_of_google_benchmark_are_processes_and_aggregates_are_not() -> None:
    rows = [google_row("BM_Run/8", 5.5, repetition_index=i) for i in range(3)]
    rows += [google_row("BM_Run/8", 9.9, name="BM_Run/8_mean", run_type="aggregate", aggregate_name="mean"),
             google_row("BM_Other", 1e-3, time_unit="s"),
             google_row("BM_BigO", 0, run_type="aggregate", aggregate_name="BigO", big_o="N")]  # fmt: skip
    run = imported(str(write(Path("g.json"), google(*rows))))
    assert steady(run) == {"BM_Run/8": [(5500,)] * 3, "BM_Other": [(1_000_000,)]}
    assert [j.backend.threads for j in run.header.jobs] == [2] * 4
    assert run.measurements[0].told is not None and run.measurements[0].told.count == 100
    assert run.header.created_at == "2025-03-04T05:06:07+00:00" or run.header.created_at.startswith(
        "2025-03-04"
    )
    assert any("scaling" in note for note in run.header.notes)


def test_only_aggregates_give_the_mean_as_one_value() -> None:
    rows = [google_row("BM_Run", ns, name=f"BM_Run_{n}", run_type="aggregate", aggregate_name=n, time_unit="ns")
            for n, ns in (("median", 5), ("mean", 6), ("stddev", 1))]  # fmt: skip
    run = imported(str(write(Path("g.json"), google(*rows))))
    assert steady(run) == {"BM_Run": [(6,)]}
    assert run.measurements[0].told is not None and run.measurements[0].told.count is None


def test_a_failed_benchmark_is_a_failed_row_and_nan_is_no_number() -> None:
    rows = [google_row("BM_Bad", 0.0, error_occurred=True, error_message="no model"),
            google_row("BM_Nan", float("nan")), google_row("BM_Good", 1.0)]  # fmt: skip
    run = imported(str(write(Path("g.json"), google(*rows))))
    assert {m.variant: m.status for m in run.measurements} == {"BM_Bad": "failed", "BM_Good": "ok"}
    assert run.measurements[0].failure is not None and run.measurements[0].failure.cause == "no model"


def test_runs_of_androidx_are_samples_of_one_process_on_the_phone_it_names() -> None:
    rows = [
        androidx_row("run", [101.0, 99.5, 100.0]),
        androidx_row("run", [7.0], className="b.Two", params={"n": 1}),
    ]
    run = imported(str(write(Path("a.json"), androidx(*rows))), "--date", "2026-01-31T10:00:00+00:00")
    assert steady(run) == {"Inference.run": [(101, 100, 100)], "Two.run[n=1]": [(7,)]}
    (info,) = run.header.devices
    assert (info.device, info.model, info.sdk, info.ram_bytes) == (
        "pixel-2-imported",
        "Pixel 2",
        30,
        3834605568,
    )
    assert info.labels == ("IMPORTED",) and run.measurements[0].clock_state == "locked"


def test_another_metric_of_androidx_is_named_and_its_unit_taken_from_its_name() -> None:
    path = str(write(Path("m.json"), androidx(androidx_row("start", [1.5], metric="startupMs"))))
    refused = call(path)
    assert refused.exit_code == 1 and "startupMs" in refused.stderr and "--metric" in refused.stderr
    assert steady(imported(path, "--metric", "startupMs")) == {"Inference.start startupMs": [(1_500_000,)]}


def test_a_file_is_one_run_however_often_and_wherever_from() -> None:
    """Said, not duplicated; another phone or another content is another run."""
    first = call(str(write(Path("a.log"), log(8000))), *PHONE)
    Path("b").mkdir()
    os.utime(write(Path("b/copy.log"), log(8000)), (1e9, 1e9))
    again = call("b/copy.log", *PHONE)
    assert again.stdout == first.stdout and "imported before" in again.stderr
    assert len(list(Path("results").iterdir())) == 1
    call("a.log", "--device", "pixel-2-abc123")
    call(str(write(Path("c.log"), log(8001))), *PHONE)
    assert len(list(Path("results").iterdir())) == 3


def test_the_run_says_where_it_is_from_and_every_number_is_marked() -> None:
    import hashlib

    text = log(8000)
    run = imported(str(write(Path("a.log"), text)), *PHONE)
    assert run.header.options == {
        "imported_from": "a.log", "imported_kind": "benchmark_model",
        "imported_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip
    assert (Path(run.folder) / "logs" / "source.txt").read_text() == text
    report = build_report(run)
    assert [(s.verdict, [t.id for t in s.taints]) for s in report.summaries] == [("tainted", ["IMPORTED"])]


@pytest.mark.parametrize(
    "text", [log(8000, 8100), google(google_row("BM", 1.0), google_row("BM", 1.1)),
             androidx(androidx_row("run", [1000.0] * 40))],
    ids=KINDS,
)  # fmt: skip
def test_every_report_takes_an_imported_run(text: str, tmp_path: Path) -> None:
    run = imported(str(write(Path("a"), text)), *PHONE)
    names = [name for name in all_formats() if name not in ("png", "svg")]
    written = write_reports(build_report(run), names, tmp_path / "out")
    assert "Imported from a" in (tmp_path / "out" / "report.html").read_text()
    assert not [p for p in written if "None" in p.read_text("utf-8") or "nan" in p.read_text("utf-8").split()]


def test_a_history_takes_imported_runs_as_nights(tmp_path: Path) -> None:
    for day, average in (("2026-01-01", 8000), ("2026-01-02", 8100)):
        imported(str(write(Path(f"{day}.log"), log(average))), "--device", "pixel-2-abc123", "--date", day)
    history = History(tmp_path / "index.sqlite")
    assert history.refresh([Path("results")]).runs == 2
    lines = [n for n in history.lines(Wanted()) if (n.key.metric, n.key.phase) == ("latency", "steady")]
    (line,) = lines
    assert [(p.night, p.value) for p in line.points] == [("2026-01-01", 8e6), ("2026-01-02", 8.1e6)]
    assert (line.key.device, line.key.runner, line.key.threads) == ("pixel-2-abc123", "benchmark_model", 4)


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '{"benchmarks": []}', '{"benchmarks": [3]}', '{"benchmarks": {"a": 1}}', "hello",
                "[" * 100_000, '{"benchmarks": [{"name": "a", "real_time": "x"}]}',
                '{"benchmarks": [{"className": 3, "metrics": [1]}]}'],
)  # fmt: skip
def test_what_is_no_result_is_refused_by_name_and_leaves_nothing(content: str) -> None:
    """The other files are imported all the same."""
    write(Path("bad"), content)
    result = call("bad", str(write(Path("good.log"), log(1))), *PHONE)
    assert result.exit_code == 1 and "bad: " in result.stderr, (result.output, result.exception)
    assert len(list(Path("results").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [((), "which phone"), (("--device", "../x"), "no name of a phone"),
     ((*PHONE, "--date", "yesterday"), "no date"),
     ((*PHONE, "--kind", "jmh"), "no such kind")],
)  # fmt: skip
def test_what_the_user_got_wrong_is_told_before_anything_is_written(
    arguments: tuple[str, ...], told: str
) -> None:
    result = call(str(write(Path("a.log"), log(8000))), *arguments)
    assert isinstance(result.exception, UsageError) and told in str(result.exception)
    assert not Path("results").exists()


def test_a_full_disk_leaves_no_half_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = call(str(write(Path("a.log"), log(8000))), *PHONE)
    assert result.exit_code == 1 and "No space left" in result.stderr
    assert list(Path("results").iterdir()) == []


def test_kinds_of_the_help_are_those_there_are() -> None:
    assert ", ".join(KINDS) == command.KIND_NAMES


def test_a_file_of_another_kind_than_said_is_refused() -> None:
    result = call(str(write(Path("a.log"), log(8000))), *PHONE, "--kind", "google-benchmark")
    assert result.exit_code == 1 and "it is no google-benchmark" in result.stderr


@pytest.mark.skipif("DEVBENCH_CAPTURES" not in os.environ, reason="no captures")
def test_logs_that_others_published_are_imported_and_reported(tmp_path: Path) -> None:
    """Every file of the captures; the rows are as many as the parser finds starts that differ."""
    from devbench.parse import parse_benchmark_model

    files = sorted((Path(os.environ["DEVBENCH_CAPTURES"]) / "benchmark_model").iterdir())
    assert files
    for file in files:
        run = imported(str(file), *PHONE)
        log_ = parse_benchmark_model(file.read_bytes())
        latency = [m for m in run.measurements if m.pass_name == "latency"]
        assert [m.status for m in latency] == ["failed" if r.failed else "ok" for r in log_.runs]
        told = [round(r.inference_avg_us * 1000) for r in log_.runs if not r.failed and r.inference_avg_us]
        assert [m.samples_ns("steady")[0] for m in latency if m.status == "ok"] == told
        write_reports(build_report(run), ["html", "csv", "json", "md"], tmp_path / file.stem)
