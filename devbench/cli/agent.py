"""`devbench agent`: this host's phones, offered to a lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devbench.cli.lab import Keys, keys_folder
from devbench.cli.options import Device

EXAMPLES = """
[bold]Examples[/bold]

`devbench agent --scheduler 10.0.0.5:8786` — every phone here, by the keys of `devbench lab keys`

`devbench agent --scheduler lab-host:8786 --device model=Pixel --keys ~/lab-keys`
"""


_PLACES = ("leases", "phones", "quarantine")


def agent(
    scheduler: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where `devbench lab scheduler` listens.")],
    device: Device = None,
    keys: Keys = None,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST", help="This host as the scheduler reaches it. Default: the way to it."),
    ] = None,
) -> None:
    """Offer the phones of this host to a lab, a process a phone, until Ctrl-C; phones may come and go."""
    import threading

    from devbench.cli.environment import read_environment
    from devbench.cli.servers import target_of
    from devbench.console import print_line
    from devbench.lab.agent import Agent
    from devbench.lab.keys import require_keys

    environment = read_environment()
    folder = keys_folder(keys, environment)
    require_keys(folder, address=scheduler)
    stop = threading.Event()
    with target_of(device or "all", environment) as target:
        settings = {
            "home": str(environment.home.absolute()), "adb": environment.adb, "scheduler": scheduler,
            "adb_host": target.server.address.host, "adb_port": target.server.address.port,
            "places": {name: str(getattr(environment, name).absolute()) for name in _PLACES},
            "keys": str(Path(folder).absolute()), "address": address,
        }  # fmt: skip
        try:
            Agent(target.server, target.spec, settings, environment.quarantine, said=print_line).run(stop)
        except KeyboardInterrupt:
            print_line("every session is stopped, and its phone as it was", to_stderr=True)
    raise typer.Exit(130)
