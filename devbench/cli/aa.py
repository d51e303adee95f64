"""`devbench aa`: the same model as A and as B, to see this phone's own noise before trusting a difference."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import RESULTS, Environment, read_environment

if TYPE_CHECKING:
    from devbench.domain.run import Run
    from devbench.noise import Noise
    from devbench.session import RunRequest

EXAMPLES = """
[bold]Examples[/bold]

`devbench aa` · `devbench aa model.tflite --rounds 12 --device pixel-2-xl-f12f13`
"""


def aa(
    model: Annotated[Path | None, typer.Argument(metavar="MODEL", help="Default: the control model.")] = None,
    device: Annotated[str, typer.Option(help="Which phones; as for `devbench run`.")] = "all",
    rounds: Annotated[int, typer.Option(min=3, max=100, help="Rounds; each has A and B once.")] = 8,
    profile: Annotated[str, typer.Option(help="Bounds of each process.")] = "standard",
    out: Annotated[Path, typer.Option(help="Folder of results.")] = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Measure one model against itself: between-run noise, what a comparison can resolve, rounds it needs."""
    from devbench.cli.measuring import How, measure_new
    from devbench.cli.request import Asked
    from devbench.console import Progress
    from devbench.variants.package import control_variant

    environment = read_environment()
    chosen = model if model is not None else Path(control_variant().path)
    asked = Asked(models=(chosen,), device=device, rounds=rounds, profile=profile)
    with Progress(quiet=quiet) as progress:
        how = How(out=out, environment=environment, progress=progress, json=json_)
        code = measure_new(
            asked, how, twist=_twice, show=lambda run, as_json: _show(run, environment, as_json)
        )
    raise typer.Exit(code)


def _twice(request: RunRequest) -> RunRequest:
    """The one file under two names, and no control: A is B's."""
    (only,) = [variant for variant in request.variants if not variant.control]
    a, b = (dataclasses.replace(only, variant=f"{only.variant}-{side}") for side in "ab")
    return dataclasses.replace(request, variants=(a, b), baseline=a.variant)


def _show(run: Run, environment: Environment, as_json: bool) -> None:
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.noise import noise_of, save_noise

    found = noise_of(run)
    for noise in found:
        save_noise(environment.home / "noise", noise)
    if as_json:
        print_json({"run_id": run.header.run_id, "noise": to_json(found)})
        return
    for noise in found:
        for line in _lines(noise):
            print_line(line)


def _lines(noise: Noise) -> list[str]:
    if noise.between_run_sd_pct is None or noise.paired_sd_pct is None:
        return [f"{noise.device}: too few rounds for a spread"]
    resolves = "–" if noise.resolves_pct is None else f"±{noise.resolves_pct:.1f} %"
    return [
        f"{noise.device}: {noise.variant}, {noise.rounds} rounds of A and B",
        f"  between runs: SD {noise.between_run_sd_pct:.2f} %; "
        f"between neighbours (A against B): {noise.paired_sd_pct:.2f} %",
        f"  A against itself: ratio {noise.ratio:.4f} ({noise.verdict}); this many rounds resolve {resolves}",
        f"  rounds to resolve ±2 %: {noise.rounds_needed}",
    ]
