"""Threads against cores: every field holds its number and ratio or the words of its failure, in each format."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import LOW_BATTERY, backend, make_run, phone

from devbench.domain.measurement import Failure
from devbench.domain.run import Run
from devbench.reports import build_report, write_reports
from devbench.reports.affinity import affinity_tables
from devbench.reports.console_table import console_affinity
from devbench.reports.html_page import html
from devbench.reports.json_file import as_json
from devbench.reports.markdown import markdown
from devbench.summary import summarise
from devbench.summary.affinity import matrices_of


def matrix_run(**planted: object) -> Run:
    """Two variants, 1, 2 and 4 threads on big and all cores; 4 threads on all of them cannot run."""
    setups = tuple(backend(threads=t, cores=c) for c in ("all", "big") for t in (4, 1, 2))
    run = make_run(backends=setups, **planted)
    refused = {j.job_id for j in run.header.jobs if (j.backend.cores, j.backend.threads) == ("all", 4)}
    failure = Failure(kind="abi", cause="x")
    ms = tuple(
        replace(m, status="failed", failure=failure, series=()) if m.job_id in refused else m
        for m in run.measurements
    )
    return replace(run, measurements=ms)


def test_rows_are_core_groups_from_big_to_all_and_columns_threads() -> None:
    matrices = matrices_of(summarise(matrix_run()))
    assert [m.label for m in matrices] == ["fp32", "int8"]
    assert (matrices[0].cores, matrices[0].threads) == (("big", "all"), (1, 2, 4))
    best = matrices[0].best_ns
    assert best == matrices[0].steady_ns("big", 4) == pytest.approx(20e6, rel=0.01)
    assert matrices[0].steady_ns("big", 1) == pytest.approx(80e6, rel=0.01)


def test_a_field_is_the_number_with_its_ratio_or_the_words_of_its_failure() -> None:
    table = affinity_tables(build_report(matrix_run()))[0]
    assert table.heads == ("cores", "1 thread", "2 threads", "4 threads")
    big, everything = table.rows
    assert big[0] == "big" and big[1].endswith("(4.01×)") and big[3].endswith("(best)")
    assert everything[3] == "failed: abi"
    assert table.best == {(0, 3)}


def test_two_that_look_alike_are_both_the_best_and_neither_is_called_it() -> None:
    run = make_run(backends=(backend(cores="big"), backend(cores="little")), spread=0.0001)
    table = affinity_tables(build_report(run))[0]
    assert [row[1].partition(" ")[2] for row in table.rows] == ["(1.00×)", "(1.00×)"]
    assert len(table.best) == 2


def test_a_tainted_number_wears_its_mark() -> None:
    run = matrix_run(taints={("phone-000000", "int8"): (LOW_BATTERY,)})
    tables = affinity_tables(build_report(run))
    assert " ! (" in tables[1].rows[0][1] and "!" not in tables[0].rows[0][1]


def test_a_run_that_varies_neither_has_no_matrix_anywhere() -> None:
    report = build_report(make_run(backends=(backend(), backend(delegate="none"))))
    assert affinity_tables(report) == () and console_affinity(report) == []
    assert as_json(report)["affinity"] == []
    assert "Which cores" not in html(report)


def test_other_dimensions_make_matrices_of_their_own() -> None:
    setups = tuple(backend(threads=t, delegate=d) for d in ("none", "xnnpack") for t in (1, 4))
    matrices = matrices_of(summarise(make_run(backends=setups)))
    assert [m.label for m in matrices] == ["fp32 · none", "fp32 · xnnpack", "int8 · none", "int8 · xnnpack"]


def test_page_markdown_console_and_json_show_the_same_matrix(tmp_path: Path) -> None:
    from rich.console import Console

    report = build_report(matrix_run(phones=(phone(0), phone(1))))
    field = affinity_tables(report)[0].rows[0][1]
    value = field.partition(" ")[0]
    assert field in markdown(report).replace("\\", "")
    console = Console(width=120, file=io.StringIO(), color_system=None)
    for table in console_affinity(report):
        console.print(table)
    assert field in console.file.getvalue()  # type: ignore[attr-defined]
    page = html(report)
    assert "Which cores, how many threads?" in page and f">{value}<" in page
    rows = as_json(report)["affinity"]
    assert isinstance(rows, list) and len(rows) == 2 * 2 * 6
    assert {"steady_ns": None, "ratio_to_best": None, "status": "failed", "verdict": "abi"}.items() <= next(
        row for row in rows if (row["cores"], row["threads"]) == ("all", 4)
    ).items()
    names = {p.name for p in write_reports(report, ["svg"], tmp_path)}
    assert "affinity-phone-000000.svg" in names
