"""`devbench variants`: build the model files of a suite ahead of a run, and list those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import read_environment

if TYPE_CHECKING:
    from devbench.domain.codec import Json
    from devbench.domain.held_out import HeldOut
    from devbench.domain.suite import Suite
    from devbench.domain.variant import Variant

app = typer.Typer(
    name="variants",
    help="Build and list model variants (a network as fp32, fp16, dynamic-range int8, full int8, …).",
    no_args_is_help=True,
)

EXAMPLES = """
[bold]Examples[/bold]

`devbench variants build quick` — before a run, so that it starts at once

`devbench variants build my-suite.toml --out models/` — the files of a suite of yours, for elsewhere

`devbench variants build talk` — the networks of the conference talk, trained here

`devbench variants build keras:mobilenet_v2_1.0_224 --variant fp32 --variant int8` — without a suite
"""


@app.command("build", epilog=EXAMPLES)
def build_command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SUITE|RECIPE",
            help="A built-in suite (quick, talk, tiny), a suite file, or a source as keras:mobilenet_v1_1.0_224.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also copy the files there, with variants.json, and held-out sets."),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="With a RECIPE: only this variant; may repeat. Default: all four."),
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch ImageNet weights that Keras does not have here yet.")
    ] = False,
    fast: Annotated[bool, typer.Option("--fast", help="The suite's reduced form.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the variants as JSON.")] = False,
) -> None:
    """Build every variant of a suite or recipe into the cache; what is there already is not built again."""
    from devbench.variants.build import build_variants

    suite = _suite_of(what, tuple(variant or ()), fast)
    for note in suite.notes:
        _say(note)
    built = build_variants(suite, cache_dir=read_environment().variants, progress=_say, download=download)
    if out is not None:
        built = _copy(built, out)
    for note in dict.fromkeys(v.weights_note for v in built if v.weights_note):
        _say(f"weights: {note}")
    for line in (
        f"{v.variant}: {step.name}: {note}" for v in built for step in v.steps for note in step.notes
    ):
        _say(line)
    _print(built, as_json, {})


@app.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the variants as JSON.")] = False,
) -> None:
    """List the variants on this computer: those that came with devbench and those in the cache."""
    from devbench.variants.cache import VariantCache
    from devbench.variants.package import control_variant, package_variants

    package = (control_variant(), *package_variants())
    cached = [entry.variant for entry in VariantCache(read_environment().variants).all()]
    origins = {v.path: "package" for v in package} | {v.path: "cache" for v in cached}
    _print((*package, *cached), as_json, origins)


def _suite_of(what: str, variants: tuple[str, ...], fast: bool) -> Suite:
    from devbench.domain.suite import Suite
    from devbench.suites.load import DEFAULT_VARIANTS, load_suite, recipe_of
    from devbench.variants.source import schemes

    if what.partition(":")[0] in schemes() and ":" in what:
        recipe = recipe_of(what, variants or DEFAULT_VARIANTS)
        return Suite(name=recipe.model, description="", origin="command line", models=(recipe,))
    if variants:
        raise typer.BadParameter("goes with a recipe; a suite names its own variants", param_hint="--variant")
    return load_suite(what, fast=fast)


def _copy(variants: Sequence[Variant], folder: Path) -> tuple[Variant, ...]:
    import json
    import shutil
    from dataclasses import replace

    from devbench.domain.codec import to_json
    from devbench.errors import StoreError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        copied = []
        for variant in variants:
            target = folder / f"{variant.variant}.{variant.format}"
            shutil.copyfile(variant.path, target)
            held_out = _copied_set(variant.held_out, folder / "held-out" / variant.model)
            copied.append(replace(variant, path=str(target.absolute()), held_out=held_out))
        described = json.dumps([to_json(variant) for variant in copied], indent=1)
        (folder / "variants.json").write_text(described + "\n", encoding="utf-8")
    except OSError as e:
        raise StoreError(f"{folder} cannot be written: {e.strerror or e}") from e
    return tuple(copied)


def _copied_set(held_out: HeldOut | None, target: Path) -> HeldOut | None:
    """The held-out set in a folder for each model, which its variants share."""
    import shutil
    from dataclasses import replace

    if held_out is None:
        return None
    shutil.copytree(held_out.folder, target, dirs_exist_ok=True)
    return replace(held_out, folder=str(target.absolute()))


def _print(variants: Sequence[Variant], as_json: bool, origins: dict[str, str]) -> None:
    import json

    from devbench.domain.codec import to_json
    from devbench.units import show

    if as_json:
        rows: list[Json] = []
        for variant in variants:
            row = to_json(variant)
            assert isinstance(row, dict)
            rows.append(row | ({"origin": origins[variant.path]} if origins else {}))
        typer.echo(json.dumps({"variants": rows}, indent=1))
        return
    width = max((len(variant.variant) for variant in variants), default=0)
    for variant in variants:
        size = show(variant.size_bytes, "byte").rjust(8)
        weights = (variant.weights or "unknown").ljust(8)
        typer.echo(f"{variant.variant.ljust(width)}  {size}  {weights}  {variant.path}")


def _say(line: str) -> None:
    typer.echo(line, err=True)
