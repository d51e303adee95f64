"""Does it last: the curve, the ratio and the words, for long runs only and with no more certainty than there is."""

from dataclasses import replace
from pathlib import Path

import pytest
from made_runs import make_run

from devbench.domain.measurement import Mark, Measurement
from devbench.domain.run import Run
from devbench.reports import build_report, write_reports
from devbench.reports.answer import answer_sentences
from devbench.reports.html_page import html
from devbench.reports.sustained import sustained_words
from devbench.reports.table import build_table
from devbench.summary import summarise


def long_run(loss: float, *, rounds: int = 1, spread: tuple[float, ...] = (1.0,)) -> Run:
    """Three minutes of 100 ms inferences that become slower by `loss`, times `spread` by round."""
    run = make_run(rounds=rounds, samples=10, control=False, profile="sustained")
    return replace(
        run,
        measurements=tuple(_lengthened(m, loss * spread[m.round % len(spread)]) for m in run.measurements),
    )


def _lengthened(m: Measurement, loss: float) -> Measurement:
    if m.pass_name != "latency":
        return m
    samples = tuple(int(10**8 * (1 + loss * i / 1800)) for i in range(1800))
    marks = tuple(
        Mark(t_ns=10**9 * (1 + i), cpu_khz={"0": 1_900_000}, temperatures_c={"cpu": 40.0}) for i in range(180)
    )
    series = tuple(
        replace(s, values_ns=samples, start_ns=10**9) if s.phase == "steady" else s for s in m.series
    )
    return replace(m, series=series, marks=marks)


def words(run: Run) -> str:
    return sustained_words(summarise(run)[0])


def test_one_process_speaks_of_itself_only() -> None:
    assert words(long_run(0.3)).endswith("slower in its last minute than in its first, in one process")
    assert words(long_run(0.01)).startswith("kept its first minute's speed within 3 %")


def test_several_processes_give_an_interval_and_only_then_a_verdict() -> None:
    slowing = words(long_run(0.3, rounds=4, spread=(1.0, 1.05)))
    assert "slower in its last minute" in slowing and "–" in slowing
    wide = words(long_run(0.1, rounds=3, spread=(3.0, -2.0, 1.0)))
    assert wide.startswith("may or may not keep its first minute's speed")


def test_the_answer_the_table_and_the_page_tell_it(tmp_path: Path) -> None:
    report = build_report(long_run(0.3))
    estimate = report.summaries[0].estimate("sustained_ratio")
    assert estimate is not None and estimate.value == pytest.approx(1.2, abs=0.03)
    assert any("in its last minute" in sentence for sentence in answer_sentences(report))
    assert "Last ÷ first minute" in [column.label for column in build_table(report).columns]
    page = html(report)
    assert "Does it last?" in page and "minutes since steady began" in page and ">hottest °C<" in page
    assert "sustained-phone-000000-0.svg" in {p.name for p in write_reports(report, ["svg"], tmp_path)}


def test_a_short_run_has_none_of_it_and_no_note_about_it() -> None:
    report = build_report(make_run())
    assert sustained_words(report.summaries[0]) == ""
    table = build_table(report)
    assert "Last ÷ first minute" not in [column.label for column in table.columns]
    assert not [note for note in table.notes if "minute" in note]
    assert "Does it last?" not in html(report)
    estimate = report.summaries[0].estimate("sustained_ratio")
    assert estimate is not None and "120 s are needed" in (estimate.reason or "")
