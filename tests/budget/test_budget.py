"""`devbench check`: a budget is held, broken with how far, or refused by name; want of a number never passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_runs import make_run
from typer.testing import CliRunner

from devbench.budget import Finding, check, load_budget
from devbench.cli.app import app
from devbench.domain.codec import to_json
from devbench.domain.measurement import Failure
from devbench.domain.run import Run
from devbench.errors import SuiteError
from devbench.store import RunFolder
from devbench.summary import summarise


def budget(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "budget.toml"
    path.write_text(text, "utf-8")
    return path


def findings(tmp_path: Path, text: str, run: Run) -> tuple[Finding, ...]:
    return check(load_budget(budget(tmp_path, text)), summarise(run))


RUN = make_run(latencies_ns={"fp32": 20e6, "int8": 10e6})


def test_a_limit_above_every_value_holds(tmp_path: Path) -> None:
    """One finding a matching cell, all ok."""
    found = findings(tmp_path, '[[budget]]\nmax = { "latency.steady" = "25 ms", size = "1 GB" }', RUN)
    assert [f.status for f in found] == ["ok"] * 4


def test_a_broken_limit_says_which_variant_which_phone_and_how_far(tmp_path: Path) -> None:
    """20 ms against 16 ms is 25 % beyond."""
    found = findings(tmp_path, '[[budget]]\nvariant = "fp*"\nmax = { "latency.steady" = "16 ms" }', RUN)
    assert [f.status for f in found] == ["broken"]
    assert "fp32 on " in found[0].sentence
    assert "25." in found[0].sentence or "24." in found[0].sentence
    assert "more rounds" not in found[0].sentence


def test_a_break_that_lies_within_the_interval_is_said_to_be_in_doubt(tmp_path: Path) -> None:
    """The estimate is beyond the limit, its lower end is not."""
    noisy = make_run(latencies_ns={"fp32": 20e6}, spread=0.1)
    value = next(s for s in summarise(noisy) if s.cell.variant.variant == "fp32").estimate("latency", "steady")
    assert value is not None and value.value is not None and value.low is not None
    limit = (value.value + value.low) / 2
    found = findings(tmp_path, f'[[budget]]\nvariant = "fp32"\nmax = {{ "latency.steady" = {limit} }}', noisy)
    assert found[0].status == "broken"
    assert "more rounds may take it back" in found[0].sentence


def test_a_cell_without_a_number_breaks_its_limit(tmp_path: Path) -> None:
    """A failed variant must not pass a budget by failing."""
    device = RUN.header.devices[0].device
    run = make_run(failures={(device, "int8"): Failure(kind="crash", cause="signal 11")})
    found = findings(tmp_path, '[[budget]]\nvariant = "int8"\nmax = { "latency.steady" = "1 s" }', run)
    assert [(f.status, f.value) for f in found] == [("broken", None)]
    assert "signal 11" in found[0].sentence


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[[budget]]\nmax = { "latency.stedy" = "1 ms" }', "latency.steady"),
        ('[[budget]]\nmaximum = { size = "1 MB" }', "'max'"),
        ('[[budget]]\nmax = { size = "1 ms" }', "no quantity in byte"),
        ('[[budget]]\nmax = { size = true }', "no quantity in byte"),
        ("[[budget]]\nmax = { size = inf }", "no quantity in byte"),
        ("[[budget]]\nmax = { size = nan }", "no quantity in byte"),
        ("[budget]\nmax = { size = '1 MB' }", "no list of tables"),
        ("budget = 3", "no list of tables"),
        ("budget = ['x']", "no list of tables"),
        ("[[budget]]\nmax = 3", "must be a table"),
        ("", "holds no limit"),
        ("[[budget]]\nvariant = 'x'", "holds no limit"),
        ("[[budget", "not TOML"),
    ],
)
def test_a_wrong_budget_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    """Unknown keys name the nearest right one; units must fit the metric."""
    with pytest.raises(SuiteError, match=named) as caught:
        load_budget(budget(tmp_path, text))
    assert str(caught.value)


def test_a_dotted_key_needs_no_quotes(tmp_path: Path) -> None:
    """TOML reads it as a table in a table."""
    quoted = load_budget(budget(tmp_path, '[[budget]]\nmax = { "latency.steady" = "25 ms", size = "1 GB" }'))
    plain = load_budget(budget(tmp_path, '[[budget]]\n[budget.max]\nlatency.steady = "25 ms"\nsize = "1 GB"'))
    assert quoted == plain


def test_memory_and_a_least_value_are_limits_too(tmp_path: Path) -> None:
    """Every metric can be bounded from either side, in its own unit."""
    text = '[[budget]]\nvariant = "fp32"\nmax = { peak_rss = "1 kB" }\nmin = { size = "1 GB" }'
    found = findings(tmp_path, text, RUN)
    assert [(f.limit.metric, f.limit.kind, f.status) for f in found] == [
        ("peak_rss", "max", "broken"),
        ("size", "min", "broken"),
    ]
    assert "at most 1.00 kB" in found[0].sentence and "at least 1.00 GB" in found[1].sentence


def test_a_number_that_is_not_trusted_says_so(tmp_path: Path) -> None:
    """A gate that holds on a quick look holds on a quick look."""
    quick = make_run(latencies_ns={"fp32": 20e6}, profile="quick")
    (found,) = findings(tmp_path, '[[budget]]\nvariant = "fp32"\nmax = { "latency.steady" = "25 ms" }', quick)
    assert found.status == "ok" and found.sentence.endswith("[quick look]")


def test_a_limit_that_matches_no_cell_is_an_error(tmp_path: Path) -> None:
    """A typo in a pattern would otherwise pass for ever."""
    with pytest.raises(SuiteError, match="matches"):
        findings(tmp_path, '[[budget]]\nvariant = "resnet*"\nmax = { size = "1 MB" }', RUN)


def test_the_command_exits_4_and_its_json_names_every_finding(tmp_path: Path) -> None:
    """Exit 0 when all hold, 4 when one is broken; stdout is one JSON object."""
    folder = RunFolder(tmp_path / "results" / RUN.header.run_id)
    folder.path.mkdir(parents=True)
    folder.write_header(RUN.header)
    for measurement in RUN.measurements:
        folder.append(measurement)
    good = budget(tmp_path, '[[budget]]\nmax = { "latency.steady" = "1 s" }')
    arguments = ["check", "latest", "--out", str(tmp_path / "results"), "--budget", str(good)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    budget(tmp_path, '[[budget]]\nmax = { "latency.steady" = "1 us" }')
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 4
    data = json.loads(done.stdout)
    assert data["broken"] == 2
    assert [f["status"] for f in data["findings"]] == ["broken", "broken"]
    assert to_json(RUN.header.run_id) == data["run_id"]
