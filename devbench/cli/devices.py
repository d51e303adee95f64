"""`devbench devices`: what is connected, what it is, and why a phone cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """
[bold]Examples[/bold]

`devbench devices` · `devbench devices --json` · `devbench devices --device 192.0.2.7:5037/R58M123`

`devbench devices --release pixel-4-1a2b3c` — back from quarantine, once it is mended
"""


def devices(
    device: Annotated[str, typer.Option(help="Which phones; as for `devbench run`.")] = "all",
    release: Annotated[
        str | None, typer.Option(metavar="NAME", help="Let a phone back in from quarantine, by its name.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """List the phones of the adb server: those that can be used, and the way out for those that cannot.

    Also told: who measures on a phone since when, and which phones are in quarantine after repeated failures.
    """
    from devbench.cli.environment import read_environment
    from devbench.cli.servers import target_of
    from devbench.console import print_devices, print_json
    from devbench.devices import select
    from devbench.devices.lease import holders
    from devbench.devices.quarantine import load_records
    from devbench.domain.codec import to_json

    environment = read_environment()
    if release is not None:
        _release(environment.quarantine, release)
        return
    with target_of(device, environment) as target:
        selection = select(target.server, target.spec)
    held, records = holders(environment.leases), load_records(environment.quarantine)
    if json_:
        print_json({
            "devices": to_json(selection.devices),
            "rejects": to_json(selection.rejects),
            "unmatched": list(selection.unmatched),
            "holders": to_json(held),
            "setbacks": to_json(records),
        })  # fmt: skip
    else:
        print_devices(selection, held, records)
    if not selection.devices:
        raise typer.Exit(3)


def _release(folder: Path, name: str) -> None:
    from devbench.console import print_line
    from devbench.devices.quarantine import forget, load_records
    from devbench.errors import UsageError

    known = ", ".join(record.device for record in load_records(folder)) or "none"
    if not forget(folder, name):
        raise UsageError(f"--release {name}: no setback is remembered of it", fix=f"phones with setbacks: {known}")
    print_line(f"{name}: its setbacks are forgotten; it is measured again")
