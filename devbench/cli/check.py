"""`devbench check`: a run against a budget, for CI: exit 4 says which phone and how far."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from devbench.cli.environment import RESULTS

EXAMPLES = """
[bold]Examples[/bold]

`devbench check --budget budget.toml` · `devbench check 20260131-142501-ab12 --budget budget.toml --json`
"""


def check(
    budget: Annotated[Path, typer.Option("--budget", metavar="FILE", help="Limits, as TOML (docs/budgets.md).")],
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run folder, a run's id, or `latest`.")] = "latest",
    out: Annotated[Path, typer.Option(help="Folder of results.")] = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="All findings as JSON on stdout.")] = False,
) -> None:
    """Hold a run against a budget of latency, memory, size or any other metric; exit 4 when one is broken."""
    from devbench import store
    from devbench.budget import check as check_limits
    from devbench.budget import load_budget
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.summary import summarise

    limits = load_budget(budget)
    folder = store.find(out, run)
    findings = check_limits(limits, summarise(folder.read()))
    broken = [finding for finding in findings if finding.status == "broken"]
    if json_:
        print_json({"run_id": folder.run_id, "broken": len(broken), "findings": to_json(findings)})
    else:
        for finding in findings:
            print_line(f"{'BROKEN' if finding.status == 'broken' else 'ok    '} {finding.sentence}")
        print_line(f"{folder.run_id}: {len(broken)} of {len(findings)} limits broken", to_stderr=True)
    if broken:
        raise typer.Exit(4)
