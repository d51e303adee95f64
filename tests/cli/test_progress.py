"""What a person sees while measuring: on terminals of any width, in logs, and not at all when asked to be quiet."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))
from made_runs import make_run

from devbench.console import Progress
from devbench.domain.event import Event, FirstNumber, JobEnded, JobStarted, PhoneEnded, PhoneStarted, Pushed
from devbench.domain.measurement import Failure
from devbench.session import Prepared

RUN = make_run()
INFO, JOB = RUN.header.devices[0], next(j for j in RUN.header.jobs if j.device == RUN.header.devices[0].device)
FAILED = replace(RUN.measurements[0], status="failed", failure=Failure(kind="crash", cause="signal 11"))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def show(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool = False) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    ended = next(m for m in RUN.measurements if m.job_id == JOB.job_id)
    events: list[Event] = [
        PhoneStarted(device=INFO, jobs=2),
        Pushed(device=INFO.device, what="model [red]x", size_bytes=2_000_000, seconds=0.1),
        JobStarted(job=JOB),
        FirstNumber(job=JOB, phase="steady", ns=1_500_000),
        JobEnded(job=JOB, measurement=ended),
        JobEnded(job=JOB, measurement=FAILED),
        PhoneEnded(device=INFO.device, reason="[bold] the cable"),
    ]
    with Progress(quiet=quiet) as progress:
        progress.begin(Prepared(header=RUN.header, phones=()))
        for event in events:
            progress.event(event)
    return stream.getvalue()


@pytest.mark.parametrize("width", [30, 60, 200])
def test_bars_fit_terminals_of_any_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """A line that wraps makes a live display climb down the screen."""
    for name, value in (("COLUMNS", str(width)), ("TERM", "xterm"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CI", raising=False)
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", show(monkeypatch, Terminal()))
    bars = [line for line in re.split(r"[\r\n]+", drawn) if "/2" in line]
    assert bars
    assert max(map(len, bars)) <= width
    assert "[bold] the cable" in re.sub(r"\s+", " ", drawn), "text from phones is no markup"


def test_a_log_gets_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = show(monkeypatch, io.StringIO()).splitlines()
    assert f"{INFO.device}: pushed model [red]x, 2.00 MB, 20 MB/s" in lines
    assert f"{INFO.device}: {JOB.variant}: 1.50 ms an inference (first look)" in lines
    assert f"{INFO.device}: {JOB.variant}: failed (crash): signal 11" in lines
    assert not any("\x1b" in line for line in lines)


def test_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert show(monkeypatch, Terminal(), quiet=True) == ""
