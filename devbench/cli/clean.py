"""`devbench clean`: room on this host and on phones, and nothing that anybody still needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from devbench.cli import options
from devbench.cli.environment import Environment, read_environment
from devbench.cli.lab import ResultsOfLab, lab_config, results_of
from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.housekeeping import Leftover, Plan

EXAMPLES = """
[bold]Examples[/bold]

`devbench clean --dry-run` — what would go on this host, and how much that is

`devbench clean --older-than 2w --max-size 5G` · `devbench clean --phone all`
"""


def clean(
    phone: Annotated[
        str | None, typer.Option(metavar="SPEC", help="Clean these phones; as --device of `devbench run`.")
    ] = None,
    host: Annotated[
        bool, typer.Option("--host", help="Clean this host. Default, unless --phone is given.")
    ] = False,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="What was not changed for so long goes: 12h, 30d, 2w.")
    ] = "30d",
    max_size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Results and caches together: younger leftovers go too, oldest first."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A lab whose alerts and pins keep runs. Default: ./lab.toml, if there."
        ),
    ] = None,
    out: ResultsOfLab = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")
    ] = False,
    json_: options.Json = False,
) -> None:
    """Remove what devbench left behind: reports and raw logs of old runs, engines, built variants that no run
    was made with, an agent's copies of files, stopped virtual phones.

    With --phone, what it pushed to a phone and its app. Measurements are never removed, nor anything of a run that
    an alert or a pin refers to, or that is worked on now. What goes first can be had again:
    `devbench report`, `devbench engines fetch`.
    """
    from devbench.console import print_json
    from devbench.housekeeping import parse_age, parse_size

    age_s, budget = parse_age(older_than), None if max_size is None else parse_size(max_size)
    environment = read_environment()
    told: dict[str, Any] = {"dry_run": dry_run}
    code = 0
    if host or phone is None:
        told["host"] = _host(environment, age_s, budget, config, out, dry_run, quiet=json_)
    if phone is not None:
        told["phones"], code = _phones(environment, phone, dry_run, quiet=json_)
    if json_:
        print_json(told)
    raise typer.Exit(code)


def _host(
    environment: Environment, age_s: float, budget: int | None, config: Path | None, out: Path | None,
    dry_run: bool, *, quiet: bool,
) -> dict[str, Any]:  # fmt: skip
    import time

    from devbench.devices.lease import holders
    from devbench.housekeeping import (
        find_leftovers,
        folder_bytes,
        lab_leftovers,
        plan_host,
        remove,
        variant_leftovers,
        what_to_keep,
    )

    results, labs = _lab(config, out)
    keep = what_to_keep(labs, frozenset(holders(environment.leases)))
    found = find_leftovers(results, environment.engines, keep, _stopped_phones(environment))
    found += [*lab_leftovers(environment.lab, keep.in_use), *variant_leftovers(environment.variants, results)]
    total = folder_bytes(results, environment.home)
    plan = plan_host(found, now_s=time.time(), older_than_s=age_s, total_bytes=total, max_bytes=budget)
    for leftover in () if dry_run else plan.go:
        remove(leftover)
    if not quiet:
        _show(plan, dry_run, total)
    return {
        "total_bytes": total, "removed_bytes": plan.size_bytes, "over_bytes": plan.over_bytes,
        "removed": [_json(one) for one in plan.go], "kept": [_json(one) for one in plan.kept],
    }  # fmt: skip


def _lab(config: Path | None, out: Path | None) -> tuple[Path, list[Path]]:
    """Where runs lie, and the lab folders whose alerts and pins refer to them."""
    lab = lab_config(config)
    return out or results_of(lab), [] if lab is None else [lab.lab]


def _stopped_phones(environment: Environment) -> list[tuple[str, Path]]:
    """Folders of virtual phones that nobody runs; their own start makes them again."""
    from devbench import virtual

    home = environment.home / "virtual"
    folder = home / "phones"
    alive = {phone.name for phone in virtual.running(home=home)} if folder.is_dir() else set()
    return [
        ("virtual-phone", path)
        for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
        if path.is_dir() and path.name not in alive
    ]


def _show(plan: Plan, dry_run: bool, total: int) -> None:
    from devbench.console import print_line
    from devbench.units import show

    for one in plan.go:
        print_line(f"{one.what:13s}  {show(one.size_bytes, 'byte'):>8s}  {one.name}")
    would = "would be removed" if dry_run else "removed"
    print_line(f"{show(plan.size_bytes, 'byte')} {would}, of {show(total, 'byte')} in results and caches")
    for one in plan.kept:
        print_line(f"kept: {one.what} of {one.name}: {one.kept}", to_stderr=True)
    if plan.over_bytes:
        print_line(
            f"still {show(plan.over_bytes, 'byte')} above --max-size: measurements are never removed; "
            "move old run folders elsewhere",
            to_stderr=True,
        )


def _json(one: Leftover) -> dict[str, Any]:
    return {
        "what": one.what, "name": one.name, "size_bytes": one.size_bytes, "kept": one.kept,
        "paths": [str(path) for path in one.paths],
    }  # fmt: skip


def _phones(environment: Environment, spec: str, dry_run: bool, *, quiet: bool) -> tuple[list[Any], int]:
    """What went on each phone, and the exit code: 3 where none could be used."""
    from devbench.cli.servers import target_of
    from devbench.console import print_line
    from devbench.devices import leased, select
    from devbench.housekeeping import clean_phone, look_at_phone
    from devbench.units import show

    told: list[Any] = []
    if spec.strip() == "":
        raise UsageError("--phone names no phone", fix="all, a name of `devbench devices`, or a serial")
    with (
        target_of(spec, environment) as target,
        leased(environment.leases, select(target.server, target.spec)) as held,
    ):
        for reject in held.rejects:
            print_line(f"{reject.serial}: {reject.reason}: left as it is", to_stderr=True)
        for info in held.devices:
            phone = target.server.phone(info.serial)
            parts = look_at_phone(phone)
            freed = None if dry_run else clean_phone(phone, info)
            told.append({
                "device": info.device, "freed_bytes": freed,
                "parts": [{"what": p.what, "where": p.where, "size_bytes": p.size_bytes} for p in parts],
            })  # fmt: skip
            if not quiet:
                names = (
                    ", ".join(f"{p.what} ({show(p.size_bytes, 'byte')})" for p in parts)
                    or "nothing of devbench"
                )
                print_line(
                    f"{info.device}: {names}" + ("" if dry_run else f"; {show(freed, 'byte')} more room")
                )
    return told, 0 if held.devices else 3
