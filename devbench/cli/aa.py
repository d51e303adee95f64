"""`devbench aa`: the same model as A and as B, to see this phone's own noise before trusting a difference."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import RESULTS, Environment, read_environment
from devbench.cli.options import Allow, Cores, Delegate, Engine, Threads, Tweaks

if TYPE_CHECKING:
    from devbench.cli.request import Asked
    from devbench.console import Progress
    from devbench.domain.run import Run
    from devbench.noise import Noise, PhoneNoise, RecipeLine
    from devbench.session import RunRequest

EXAMPLES = """
[bold]Examples[/bold]

`devbench aa` — the control model against itself on every connected phone; two minutes

`devbench aa model.tflite --rounds 40 --device pixel-2-xl-f12f13`

`devbench aa --recipe` — what each way to calm a phone is worth on this one
"""
ROUNDS, RECIPE_ROUNDS = 20, 8


def aa(
    model: Annotated[Path | None, typer.Argument(metavar="MODEL", help="Default: the control model.")] = None,
    device: Annotated[str, typer.Option(help="Which phones; as for `devbench run`.")] = "all",
    rounds: Annotated[
        int | None,
        typer.Option(min=3, max=100, help="Rounds; each has A and B once. Default: 20; 8 a line of --recipe."),
    ] = None,
    recipe: Annotated[
        bool, typer.Option("--recipe", help="Spread without any tweak, with each of them, and with all.")
    ] = False,
    engine: Engine = None,
    delegate: Delegate = None,
    threads: Threads = None,
    cores: Cores = None,
    profile: Annotated[str, typer.Option(help="Bounds of each process.")] = "standard",
    allow: Allow = None,
    tweaks: Tweaks = None,
    out: Annotated[Path, typer.Option(help="Folder of results.")] = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Measure one model against itself: what a phone resolves, how many rounds that takes, false alarms.

    What is found is kept, and later runs on that phone say it.
    """
    from devbench.cli.request import Asked
    from devbench.console import Progress
    from devbench.errors import UsageError
    from devbench.variants.package import control_variant

    if recipe and tweaks is not None:
        raise UsageError("--recipe tries all tweaks one by one: --tweaks has no place beside it")
    _one_setup(engine=engine, delegate=delegate, threads=threads, cores=cores)
    chosen = model if model is not None else Path(control_variant().path)
    asked = Asked(
        models=(chosen,), device=device, profile=profile, passes="latency", allow=allow, tweaks=tweaks,
        engine=engine, delegate=delegate, threads=threads, cores=cores,
        rounds=rounds or (RECIPE_ROUNDS if recipe else ROUNDS),
    )  # fmt: skip
    environment = read_environment()
    with Progress(quiet=quiet) as progress:
        measure = _recipe if recipe else _noise
        code = measure(asked, out, environment, progress, json_)
    raise typer.Exit(code)


def _one_setup(**words: str | None) -> None:
    """A is B's only where both ran in one way."""
    from devbench.errors import UsageError

    for name, word in words.items():
        if word is not None and "," in word:
            raise UsageError(f"--{name} {word}: one setup is measured against itself, name one")


def _noise(asked: Asked, out: Path, environment: Environment, progress: Progress, json_: bool) -> int:
    from devbench.cli.measuring import How, measure_new

    how = How(out=out, environment=environment, progress=progress, json=json_)
    return measure_new(
        asked, how, twist=_twice, show=lambda run, as_json: _show(run, environment, as_json)
    )


def _recipe(asked: Asked, out: Path, environment: Environment, progress: Progress, json_: bool) -> int:
    """Each choice of tweaks twice, the second time in reverse order, so that a drift does not favour one."""
    from devbench.cli.measuring import How, measure_new
    from devbench.conditions import TWEAKS
    from devbench.noise import recipe_lines

    choices = ("none", *TWEAKS, "all")
    runs: list[tuple[str, Run]] = []
    how = How(out=out, environment=environment, progress=progress, json=True)
    half = max(3, (asked.rounds or RECIPE_ROUNDS) // 2)
    for number, choice in enumerate((*choices, *reversed(choices)), 1):
        progress.say(f"{number} of {2 * len(choices)}: tweaks {choice}, {half} rounds")
        code = measure_new(
            dataclasses.replace(asked, rounds=half, tweaks=choice), how, twist=_twice,
            show=lambda run, as_json, choice=choice: runs.append((choice, run)),  # type: ignore[misc]
        )  # fmt: skip
        if code != 0:
            progress.say(f"stopped: tweaks {choice} could not be measured")
            break
    _show_recipe(recipe_lines(runs), json_)
    return code


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
    known = [save_noise(environment.noise, noise) for noise in found]
    if as_json:
        print_json({"run_id": run.header.run_id, "noise": to_json(found)})
        return
    for noise, phone in zip(found, known, strict=True):
        for line in _lines(noise, phone):
            print_line(line)


def _lines(noise: Noise, known: PhoneNoise) -> list[str]:
    from devbench.noise import called_wrongly

    begin = f"{noise.device}: {noise.variant}, {noise.rounds} rounds of A and B"
    if noise.paired_sd_pct is None or noise.suggested_rounds is None or noise.resolves_pct is None:
        return [f"{begin}: too few for a spread"]
    between = _spread(noise.between_run_sd_pct, noise.between_run_sd_low_pct, noise.between_run_sd_high_pct)
    apart = _spread(noise.paired_sd_pct, noise.paired_sd_low_pct, noise.paired_sd_high_pct)
    lines = [
        begin,
        f"  between runs: SD {between}",
        f"  between neighbours, A against B: SD {apart}",
        f"  A against itself: ratio {noise.ratio:.4f} ({noise.verdict}); {noise.rounds} rounds resolve "
        f"±{noise.resolves_pct:.1f} %",
        f"  suggested: {noise.suggested_rounds} rounds, which decide above {noise.suggested_delta_pct:.1f} %",
    ]
    if noise.pseudo is not None:
        made = noise.pseudo
        lines.append(
            f"  false alarms: {made.wrong:.1%} of {made.sessions} pseudo-sessions of {made.rounds} rounds called "
            f"faster or slower ({made.wrong_low:.1%}–{made.wrong_high:.1%}), "
            f"{made.calls.get('small change', 0) / made.sessions:.1%} small change"
        )
    sessions = known.of_build(noise.fingerprint)
    real = called_wrongly(sessions)
    wrong = sum(session.verdict in ("faster", "slower") for session in sessions)
    lines.append(
        f"  real A/A sessions of this build so far: {wrong} of {len(sessions)} called faster or slower "
        f"(exact 95 % bounds {real.low:.0%}–{real.high:.0%})"
    )
    return lines


def _spread(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f} %" + ("" if low is None or high is None else f" (95 %: {low:.2f}–{high:.2f})")


def _show_recipe(lines: tuple[RecipeLine, ...], json_: bool) -> None:
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json

    if json_:
        print_json({"recipe": to_json(lines)})
        return
    for device in dict.fromkeys(line.device for line in lines):
        print_line(f"{device}: spread between runs")
        for line in lines:
            if line.device == device:
                print_line(f"  {line.tweaks:<18} {_worth(line)}")


def _worth(line: RecipeLine) -> str:
    """The spread, or why there is nothing to tell; and what could not be had."""
    why = "; ".join(line.left)
    if line.tweaks not in ("none", "all") and not line.changed:
        return f"–  {why or 'the phone is so already'}"
    return f"SD {_spread(line.sd_pct, line.low_pct, line.high_pct)}, {line.runs} runs" + (f"; {why}" if why else "")
