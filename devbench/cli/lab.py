"""`devbench lab`: a lab of phones as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli import options
from devbench.cli.environment import RESULTS, Environment, read_environment

if TYPE_CHECKING:
    from devbench.adb import Server
    from devbench.lab_state import LabNow

PAGE = "lab.html"
EXAMPLES = """
[bold]Examples[/bold]

`devbench lab status` · `devbench lab status --json` · `devbench lab status --html /srv/www/lab.html`
"""
app = typer.Typer(no_args_is_help=True, help="A lab of phones as a whole.")


@app.command("status", epilog=EXAMPLES)
def status(
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page that each run writes, too.")
    ] = None,
    out: options.Out = RESULTS,
    json_: options.Json = False,
) -> None:
    """Show phones, what they do, what waits, and who needs a person.

    No phone is asked anything: battery and temperature are those of its last measurement.
    """
    from devbench.adb import Server, ServerAddress
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.reports.lab_page import answer, write_lab_page

    environment = read_environment()
    address = ServerAddress(host=environment.adb_host, port=environment.adb_port)
    lab = look(environment, out, Server(address, adb=environment.adb))
    if html is not None:
        write_lab_page(lab, html)
    if json_:
        print_json(to_json(lab))
        return
    for sentence in answer(lab):
        print_line(sentence)
    for phone in lab.phones:
        facts = [f"{phone.jobs_left} jobs left"] if phone.jobs_left else []
        facts += [f"battery {phone.battery_pct:.0f} %"] if phone.battery_pct is not None else []
        facts += [f"{phone.temperature_c:.0f} °C"] if phone.temperature_c is not None else []
        print_line(f"{phone.state:11s}  {phone.device}  {', '.join(facts)}")
        for words in (phone.why, phone.way_back and f"→ {phone.way_back}"):
            if words:
                print_line(f"             {words}")
    for run in lab.runs:
        how = "running" if run.running else "unfinished"
        print_line(f"{how:11s}  {run.run_id}  {run.done} of {run.jobs} jobs, {run.failed} failed")
    for note in lab.notes:
        print_line(note, to_stderr=True)


def look(environment: Environment, results: Path, server: Server) -> LabNow:
    """The lab now. A server that does not answer is part of the answer; none is started for it."""
    from datetime import UTC, datetime

    from devbench.errors import DevbenchError
    from devbench.lab_state import lab_now

    try:
        listed = {t.serial: t.state for t in server.transports()} if server.listening() else None
    except DevbenchError:
        listed = None
    return lab_now(results, environment.leases, environment.quarantine, listed, now=datetime.now(UTC))


def refresh_page(environment: Environment, results: Path, server: Server) -> None:
    """The page in the results folder, for whoever looks at it; nothing that goes wrong here ends a run."""
    from devbench.errors import DevbenchError
    from devbench.reports.lab_page import write_lab_page

    try:
        write_lab_page(look(environment, results, server), results / PAGE)
    except (DevbenchError, OSError):
        return
