"""`devbench doctor`: everything a run needs, each `ok` or with the command that mends it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devbench.cli.environment import RESULTS, read_environment


def doctor(
    device: Annotated[str, typer.Option(help="Which phones to look at; as for `devbench run`.")] = "all",
    out: Annotated[Path, typer.Option(help="Folder of results to check.")] = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """Check adb, phones, storage, engines and the results folder; each problem comes with its way out."""
    from devbench.cli.checks import host_checks, phone_checks
    from devbench.console import print_checks, print_json
    from devbench.domain.codec import to_json

    environment = read_environment()
    checks = [*host_checks(environment, out), *phone_checks(environment, device)]
    if json_:
        print_json({"checks": to_json(tuple(checks))})
    else:
        print_checks(checks)
    if any(check.status == "problem" for check in checks):
        raise typer.Exit(1)
