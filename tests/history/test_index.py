"""The index: whatever the folders say, no more and no less, whoever else is at work on them."""

from __future__ import annotations

from pathlib import Path

from made_nights import kept, night

from devbench.domain.history import Line
from devbench.history import History, Wanted

STEADY = Wanted(variants=["fp32"], metrics=["latency"], phases=["steady"])


def only(history: History, wanted: Wanted = STEADY) -> Line:
    (line,) = history.lines(wanted)
    return line


def test_a_line_has_each_night_with_what_the_report_says_of_it(tmp_path: Path) -> None:
    """Value, interval, control, verdict and origin of a point are those of the run's own summary."""
    from devbench.summary import control_summaries, summarise

    runs = [night(n) for n in (2, 1)]
    for run in runs:
        kept(tmp_path / "results", run)
    history = History(tmp_path / "history.sqlite")
    assert history.refresh([tmp_path / "results"]).runs == 2
    line = only(history)
    assert [p.night for p in line.points] == ["2026-01-01", "2026-01-02"]
    row = next(s for s in summarise(runs[0]) if s.cell.variant.variant == "fp32")
    steady, (control,) = row.estimate("latency", "steady"), control_summaries(runs[0])
    point = line.points[1]
    assert (point.value, point.low, point.high, point.n, point.rounds) == (
        steady.value, steady.low, steady.high, 300, 5,
    )  # fmt: skip
    assert point.control_value == control.estimate("latency", "steady").value
    assert (point.status, point.verdict, point.started_at) == ("ok", row.verdict, "2026-01-02T01:00:00Z")
    assert line.unit == "ns" and line.basis == "value" and len(line.segments) == 1
