"""`devbench virtual up|down|list`: phones without hardware, on the user's adb server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from devbench.virtual import VirtualPhone

app = typer.Typer(
    no_args_is_help=True,
    help="Virtual phones: real adb, a real runner, simulated hardware. They stay until `virtual down`.",
)
ShareCores = Annotated[
    bool,
    typer.Option(
        "--share-cores",
        help="More phones than cores measure at once and disturb each other: to try a lab out, not to measure. "
        "Their results are marked SHARED-CORES.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="As JSON on stdout.")]


@app.command(
    "up",
    epilog="[bold]Examples[/bold]: `devbench virtual up` · "
    "`devbench virtual up --phone poco-f6 --fault slow:ms=300` · "
    "`adb -s $(devbench virtual up --phone pixel-2-xl) shell`",
)
def up(
    phone: Annotated[
        list[str] | None, typer.Option(help="Name from device_profiles/; may repeat. The two default phones.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help="What goes wrong: drop:after=N, offline, unauthorized, disk-full, noexec, hang:match=REGEX, …"
        ),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Extracted Android tree (DIR holds system/) to run by chroot."),
    ] = None,
    emulator: Annotated[
        Path | None,
        typer.Option(help="Static qemu-user for a tree of another architecture than this host's."),
    ] = None,
    engines: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of an engine's libraries that the phone has below /opt/engines. Default: TensorFlow's, "
            "if it is installed.",
        ),
    ] = None,
    server: Annotated[str | None, typer.Option(help="adb server, HOST:PORT; the user's by default.")] = None,
    seed: Annotated[int, typer.Option(help="Of the simulated warmth and battery.")] = 0,
    share_cores: ShareCores = False,
    json_: Json = False,
) -> None:
    """Start virtual phones, or find them running, and print their serials, one a line."""
    from devbench import virtual
    from devbench.adb.server import ServerAddress
    from devbench.cli.environment import read_environment
    from devbench.errors import UsageError

    if emulator and not root:
        raise UsageError("--emulator needs --root", fix="the default kind of phone runs this host's programs")
    if engines and root:
        raise UsageError("--engines is for phones of the default kind", fix="put the libraries into the tree")
    environment = read_environment()
    host, _, port = (server or f"{environment.adb_host}:{environment.adb_port}").rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"--server {server}: expected HOST:PORT")
    phones = virtual.up(
        phone or (() if root else virtual.DEFAULT_PHONES),
        server=ServerAddress(host=host, port=int(port)),
        home=environment.home / "virtual",
        faults=fault or (),
        seed=seed,
        tree=root,
        emulator=emulator,
        engines=engines,
        adb=environment.adb,
        share_cores=share_cores,
    )
    _show(phones, as_json=json_)


@app.command("down", epilog="[bold]Examples[/bold]: `devbench virtual down` · `devbench virtual down pixel-2-xl`")
def down(
    phone: Annotated[
        list[str] | None, typer.Argument(metavar="[SERIAL]", help="Serial or name; all of them.")
    ] = None,
    json_: Json = False,
) -> None:
    """Stop virtual phones; what was pushed to them stays for the next time."""
    from devbench import virtual
    from devbench.cli.environment import read_environment
    from devbench.console import print_json, print_line

    names = virtual.down(phone, home=read_environment().home / "virtual")
    if json_:
        print_json({"stopped": list(names)})
        return
    for name in names:
        print_line(name)


@app.command("list")
def list_phones(json_: Json = False) -> None:
    """Show the virtual phones that are running."""
    from devbench import virtual
    from devbench.cli.environment import read_environment
    from devbench.console import print_line

    phones = virtual.running(home=read_environment().home / "virtual")
    if json_:
        _show(phones, as_json=True)
        return
    for phone in phones:
        print_line(f"{phone.serial}\t{phone.name}\tpid {phone.pid}\t{phone.root}")


def _show(phones: tuple[VirtualPhone, ...], *, as_json: bool) -> None:
    from devbench.console import print_json, print_line

    if as_json:
        print_json([
            {"name": p.name, "profile": p.profile, "serial": p.serial, "serialno": p.serialno, "root": str(p.root)}
            for p in phones
        ])  # fmt: skip
        return
    for phone in phones:
        print_line(phone.serial)
