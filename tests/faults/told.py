"""What `devbench run` tells of a session that was disturbed: exit code, page and console; and what it left."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

from rig import Session

from devbench.cli.environment import read_environment
from devbench.cli.measuring import How, show_outcome
from devbench.console import Progress


@dataclass(frozen=True, kw_only=True)
class Told:
    exit_code: int
    page: str
    console: str


def told(done: Session) -> Told:
    console = io.StringIO()
    with contextlib.redirect_stdout(console), contextlib.redirect_stderr(console), Progress(quiet=True) as progress:
        out = done.folder.path.parent
        how = How(out=out, environment=read_environment(), progress=progress, formats=("html",))
        code = show_outcome(done.outcome, done.folder, how)
    page = (done.folder.path / "report" / "report.html").read_text("utf-8")
    return Told(exit_code=code, page=page, console=console.getvalue())


def cells(done: Session) -> list[tuple[str, str, str, int]]:
    """Device, variant, pass and round of every `ok` attempt, sorted: what a run holds in the end."""
    return sorted((m.device, m.variant, m.pass_name, m.round) for m in done.run.measurements if m.status == "ok")


def assert_undisturbed(done: Session, *, says: str) -> None:
    """The cells are those of an undisturbed run, none twice; the exit code is 0, and the report `says` what was."""
    assert cells(done) == sorted((j.device, j.variant, j.pass_name, j.round) for j in done.run.header.jobs)
    attempts = [(m.job_id, m.attempt) for m in done.run.measurements]
    assert len(attempts) == len(set(attempts))
    it = told(done)
    assert it.exit_code == 0, it.console
    assert says in it.page


def assert_left(done: Session, *, says: str, exit_code: int = 1) -> None:
    """Something is missing: the exit code, the report and the console say so, and how to go on."""
    it = told(done)
    assert it.exit_code == exit_code, it.console
    assert says in it.page
    assert "devbench run --resume" in it.console
