"""`devbench compare`: two models measured now, interleaved, or what two runs hold, with verdict and doubt."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import RESULTS, read_environment
from devbench.cli.options import Allow, Cores, Delegate, Engine, MaxRounds, Threads, Tweaks

if TYPE_CHECKING:
    from devbench.cli.request import Asked
    from devbench.domain.run import Run
    from devbench.pairing import Side, Versus

EXAMPLES = """
[bold]Examples[/bold]

`devbench compare old.tflite new.tflite` — measured now, interleaved, on every connected phone

`devbench compare latest:mobilenet-fp32 latest:mobilenet-int8` — two variants of one run, paired by round

`devbench compare 20260131-142501-ab12 latest` — the same variants of two runs
"""


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="A model file, RUN:VARIANT, or RUN.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What is held against A: of the same kind.")],
    device: Annotated[str, typer.Option(help="Phones for model files; as for `devbench run`.")] = "all",
    rounds: Annotated[
        int | None, typer.Option(min=2, max=100, help="Rounds for model files, no more. Default: 8 to 20.")
    ] = None,
    max_rounds: MaxRounds = None,
    profile: Annotated[str, typer.Option(help="Profile for model files.")] = "standard",
    engine: Engine = None,
    delegate: Delegate = None,
    threads: Threads = None,
    cores: Cores = None,
    allow: Allow = None,
    tweaks: Tweaks = None,
    out: Annotated[Path, typer.Option(help="Folder of results.")] = RESULTS,
    json_: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> None:
    """Is B faster or slower than A, by how much, and how sure is that?

    Model files are measured now, in turns, with rounds added until the answer is clear. The exit code says whether
    that could be measured, not what came out: a limit that fails a build is `devbench check`.
    """
    from devbench.cli.request import Asked
    from devbench.errors import UsageError
    from devbench.pairing import compare_sides

    how_to_run = {
        "rounds": rounds, "max_rounds": max_rounds, "engine": engine, "delegate": delegate, "threads": threads,
        "cores": cores, "allow": allow, "tweaks": tweaks,
    }  # fmt: skip
    if _are_files(a, b):
        asked = Asked(models=(Path(a), Path(b)), device=device, profile=profile, **how_to_run)  # type: ignore[arg-type]
        raise typer.Exit(_measure(asked, out, json_, quiet))
    if given := [name for name, value in how_to_run.items() if value is not None]:
        option = given[0].replace("_", "-")
        raise UsageError(f"--{option} is for model files: what two runs hold is measured already")
    _show(compare_sides(_side(out, a), _side(out, b)), json_)


def _are_files(a: str, b: str) -> bool:
    """Whether both are model files; UsageError when one is, or when one is meant to be and is not there."""
    from devbench.errors import UsageError

    found = {text: Path(text).is_file() for text in (a, b)}
    if all(found.values()):
        return True
    missing = next(text for text, is_file in found.items() if not is_file)
    if any(found.values()) or Path(missing).suffix in (".tflite", ".pb"):
        raise UsageError(f"{missing} is not a model file", fix="two model files, or two runs (RUN or RUN:VARIANT)")
    return False


def _measure(asked: Asked, out: Path, json_: bool, quiet: bool) -> int:
    from devbench.cli.measuring import How, measure_new
    from devbench.console import Progress
    from devbench.errors import UsageError
    from devbench.graph.model_file import read_variants
    from devbench.pairing import Side, compare_sides

    names = [variant.variant for variant in read_variants(asked.models)]
    if len(names) != 2:
        raise UsageError("A and B are the same file", fix=f"devbench aa {asked.models[0]}")

    def show(run: Run, as_json: bool) -> None:
        sides = [Side(run=run, variant=name) for name in names]
        _show(compare_sides(*sides), as_json, run_id=run.header.run_id)

    with Progress(quiet=quiet) as progress:
        how = How(out=out, environment=read_environment(), progress=progress, json=json_)
        return measure_new(dataclasses.replace(asked, baseline=names[0]), how, show=show)


def _side(out: Path, text: str) -> Side:
    """`RUN:VARIANT` or `RUN`; a run's name holds no colon, a path on another system may."""
    from devbench import store
    from devbench.pairing import Side

    name, colon, variant = text.rpartition(":")
    if colon and "/" not in variant and "\\" not in variant:
        return Side(run=store.find(out, name).read(), variant=variant)
    return Side(run=store.find(out, text).read(), variant=None)


def _show(results: tuple[Versus, ...], json_: bool, *, run_id: str | None = None) -> None:
    from devbench.console import print_json, print_line
    from devbench.domain.codec import to_json
    from devbench.pairing import together

    over_phones = together(results)
    if json_:
        print_json({"run_id": run_id, "comparisons": to_json(results), "over_phones": to_json(over_phones)})
        return
    for result in results:
        print_line(_sentence(result))
        for caveat in result.caveats:
            print_line(f"  note: {caveat}")
    for mean in over_phones:
        interval = _interval(mean.low, mean.high)
        print_line(f"over {mean.phones} phones: {mean.b} / {mean.a} = {mean.ratio:.3f}{interval}, geometric mean")
    if len({result.device for result in results if result.virtual}) > 1:
        print_line("virtual phones are one computer: their ratios have no mean over phones")


def _sentence(result: Versus) -> str:
    where = f"{result.device}, {result.setup}"
    if result.ratio is None:
        return f"{where}: {result.b} against {result.a}: no number on one side"
    interval = _interval(result.low, result.high)
    ratio = f"{result.b} / {result.a} = {result.ratio:.3f}{interval}"
    sentence = f"{where}: {ratio}, {result.rounds} rounds: {result.verdict}"
    if result.verdict != "inconclusive" or result.rounds_needed is None:
        return sentence
    if result.rounds_needed > result.rounds:
        return f"{sentence}; about {result.rounds_needed} rounds would settle it"
    return f"{sentence}; among so many comparisons its difference may be chance"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" ({low:.3f}–{high:.3f})"
