"""`devbench devices`: what is connected, what it is, and why a phone cannot be used."""

from __future__ import annotations

from typing import Annotated

import typer

EXAMPLES = """
[bold]Examples[/bold]

`devbench devices` · `devbench devices --json` · `devbench devices --device 192.0.2.7:5037/R58M123`
"""


def devices(
    device: Annotated[str, typer.Option(help="Which phones; as for `devbench run`.")] = "all",
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """List the phones of the adb server: those that can be used, and the way out for those that cannot."""
    from devbench.cli.environment import read_environment
    from devbench.cli.servers import target_of
    from devbench.console import print_devices, print_json
    from devbench.devices import select
    from devbench.domain.codec import to_json

    with target_of(device, read_environment()) as target:
        selection = select(target.server, target.spec)
    if json_:
        print_json({
            "devices": to_json(selection.devices),
            "rejects": to_json(selection.rejects),
            "unmatched": list(selection.unmatched),
        })  # fmt: skip
    else:
        print_devices(selection)
    if not selection.devices:
        raise typer.Exit(3)
