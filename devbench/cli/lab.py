"""`devbench lab`: a lab of phones as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from devbench.cli import options
from devbench.cli.environment import Environment, read_environment
from devbench.cli.project_file import results_here

if TYPE_CHECKING:
    from devbench.adb import Server
    from devbench.lab.link import Lab
    from devbench.lab_state import LabNow
    from devbench.nightly import LabConfig

LAB_FILE = Path("lab.toml")
PAGE = "lab.html"
EXAMPLES = """
[bold]Examples[/bold]

`devbench lab status` · `devbench lab status --json` · `devbench lab status --html /srv/www/lab.html`

`devbench lab status --lab 10.0.0.5:8786` — which hosts offer which phones
"""
Keys: TypeAlias = Annotated[
    Path | None, typer.Option("--keys", metavar="DIR", help="The lab's keys. Default: lab/keys in $DEVBENCH_HOME.")
]
ResultsOfLab: TypeAlias = Annotated[
    Path | None,
    typer.Option("--out", help="Folder of results. Default: lab.toml's, if there; else that of `devbench run`."),
]
app = typer.Typer(no_args_is_help=True, help="A lab of phones as a whole.")


@app.command("status", epilog=EXAMPLES)
def status(
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the page that each run writes, too.")
    ] = None,
    lab_address: options.LabAddress = None,
    lab_keys: options.LabKeys = None,
    out: ResultsOfLab = None,
    json_: options.Json = False,
) -> None:
    """Show phones, what they do, what waits, and who needs a person.

    No phone is asked anything: battery and temperature are those of its last measurement. With --lab, the phones
    that the hosts of a lab offer, and which run is measured on them.
    """
    from devbench.adb import Server, ServerAddress
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.reports.lab_page import answer, write_lab_page

    environment = read_environment()
    hosts = lab_of(lab_address, lab_keys, environment)
    if hosts is not None:
        _show_hosts(hosts, html, json_)
        return
    address = ServerAddress(host=environment.adb_host, port=environment.adb_port)
    lab = look(environment, out or results_of(lab_config(None)), Server(address, adb=environment.adb))
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


def lab_config(config: Path | None) -> LabConfig | None:
    """What `config` says of a lab, or the lab.toml of this folder; None where there is none."""
    from devbench.nightly import load_config

    file = config if config is not None else LAB_FILE if LAB_FILE.is_file() else None
    return None if file is None else load_config(file)


def results_of(lab: LabConfig | None) -> Path:
    """Where runs are whose folder nobody typed."""
    return results_here() if lab is None else lab.results


def _show_hosts(lab: Lab, html: Path | None, json_: bool) -> None:
    """Who offers what now, as each phone's process on its host says itself."""
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.errors import UsageError
    from devbench.lab.link import connected, offers_of

    if html is not None:
        raise UsageError("--html is the page of this host's own phones", fix="leave out --html or --lab")
    with connected(lab) as link:
        offers = offers_of(link)
    if json_:
        print_json({"lab": lab.address, "phones": to_json(offers)})
        return
    for offer in offers:
        doing = "idle" if offer.run_id is None else f"measuring {offer.run_id}"
        unlike = "" if offer.alike else f", devbench {offer.version}: not used, it is another than here"
        print_line(f"{offer.host}  {offer.device}  {doing}{unlike}")
    if not offers:
        print_line("no host offers a phone; on each host: devbench agent")


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


def keys_folder(given: Path | None, environment: Environment) -> Path:
    return environment.lab / "keys" if given is None else given


def lab_of(address: str | None, keys: Path | None, environment: Environment) -> Lab | None:
    """What --lab and --lab-keys mean together."""
    if address is None:
        return None
    from devbench.lab.keys import parse_address
    from devbench.lab.link import Lab

    parse_address(address)
    return Lab(address=address, keys=keys_folder(keys, environment))


@app.command("keys", epilog="[bold]Examples[/bold]: `devbench lab keys ~/lab-keys`")
def keys(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="Where to. Default: lab/keys in $DEVBENCH_HOME.")
    ] = None,
) -> None:
    """Make the keys of a lab, to be copied to each of its hosts: whoever has them can run programs there."""
    from devbench.console import print_line
    from devbench.lab.keys import make_keys, valid_until

    place = keys_folder(folder, read_environment())
    make_keys(place)
    print_line(f"valid until {valid_until(place)}; copy this folder to each host of the lab:", to_stderr=True)
    print_line(str(place))


@app.command(
    "scheduler",
    epilog="[bold]Examples[/bold]: `devbench lab scheduler` · `devbench lab scheduler --listen 10.0.0.5:8786`",
)
def scheduler(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="The address that other hosts reach; else this computer only.")
    ] = "127.0.0.1:8786",
    keys: Keys = None,
    phone_wait: Annotated[
        float, typer.Option(min=1, help="Seconds that a session waits for a phone that is not there.")
    ] = 600.0,
) -> None:
    """Run the lab's scheduler until Ctrl-C: it knows which phones are there and which session is next."""
    from devbench.console import print_line
    from devbench.lab.scheduler import serve

    environment = read_environment()
    serve(
        listen, keys=keys_folder(keys, environment), phone_wait_s=phone_wait, scratch=environment.lab,
        told=lambda address: print_line(f"listening on {address}"),
    )  # fmt: skip
