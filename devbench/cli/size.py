"""`devbench size`: what model files and their runtime cost an app, before anything is measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devbench.cli.environment import read_environment

if TYPE_CHECKING:
    from devbench.delivery.manifest import Manifest
    from devbench.delivery.sizes import Delivery, ModelSize, RuntimeSize
    from devbench.engines.table import Release

EXAMPLES = """
[bold]Examples[/bold]

`devbench size model.tflite` — model and runtime, in an APK and downloaded

`devbench size a.tflite b.pb --engine tflite@2.4.0,tfmobile` — with these runtimes

`devbench size models/*.tflite --manifest models.json` — also write what an app fetches to notice a new version
"""
LOAD_TIME = "measured by `devbench run MODEL`: latency, phase load"


def size(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Model files (.tflite, .pb).")],
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="E[@V],…", help="Runtimes, with commas. Default: the default one of each format."
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the manifest an app fetches; models that changed get the next version.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Bytes of models and runtimes: compressed, per ABI, in an APK against downloaded.

    Sizes of libraries are those of the pinned releases; nothing is fetched. Load time is measured by a run.
    """
    from devbench.console import print_json, print_line
    from devbench.delivery.manifest import DeliveredModel, next_manifest, read_manifest, write_manifest
    from devbench.delivery.sizes import deliveries, model_size, runtime_size
    from devbench.domain.codec import to_json
    from devbench.graph.model_file import read_variants

    variants = read_variants(models)
    sizes = tuple(model_size(variant) for variant in variants)
    releases = _releases(engine, {variant.format for variant in variants})
    runtimes = tuple(runtime_size(release, read_environment().engines) for release in releases)
    ways = deliveries(sizes)
    written = None
    if manifest is not None:
        offered = [
            DeliveredModel(
                name=model.model, version=1, format=model.format, file=Path(model.file).name,
                sha256=model.sha256, size_bytes=model.size_bytes, gzip_bytes=model.gzip_bytes,
            )
            for model in sizes
        ]  # fmt: skip
        written = next_manifest(read_manifest(manifest) if manifest.exists() else None, offered)
        write_manifest(manifest, written)
    if as_json:
        print_json({
            "schema": 1, "models": to_json(sizes), "runtimes": to_json(runtimes), "delivery": to_json(ways),
            "manifest": to_json(written), "load_time": LOAD_TIME,
        })  # fmt: skip
        return
    _print_models(sizes)
    for runtime in runtimes:
        _print_runtime(runtime)
    _print_ways(ways)
    print_line(f"load time from a file, mapped or read: {LOAD_TIME}")
    if written is not None and manifest is not None:
        _print_manifest(written, manifest)


def _releases(engine: str | None, formats: set[str]) -> tuple[Release, ...]:
    """Those named, or the default release of each engine that runs one of the formats."""
    from devbench.engines import engine_table
    from devbench.engines.inventory import release_named

    if engine is not None:
        return tuple(release_named(text.strip()) for text in engine.split(",") if text.strip())
    return tuple(
        found.releases[found.default]
        for found in engine_table().values()
        if found.default in found.releases and formats & set(found.formats)
    )


def _print_models(sizes: tuple[ModelSize, ...]) -> None:
    from devbench.console import print_table
    from devbench.units import show

    rows = [
        (
            model.model,
            model.format,
            show(model.size_bytes, "byte"),
            show(model.gzip_bytes, "byte"),
            f"{100 * model.gzip_bytes / max(model.size_bytes, 1):.0f} %",
        )
        for model in sizes
    ]
    print_table(("model", "format", "size", "gzip", "of its size"), rows)


def _print_runtime(runtime: RuntimeSize) -> None:
    from devbench.console import print_line, print_table
    from devbench.units import show

    print_line(f"\nruntime {runtime.engine} {runtime.version}")
    rows = [
        (
            abi.abi,
            show(abi.size_bytes, "byte"),
            show(abi.compressed_bytes, "byte"),
            show(abi.split_saves_bytes, "byte"),
        )
        for abi in runtime.abis
    ]
    rows.append(("all, one universal APK", show(runtime.universal_bytes, "byte"), "", ""))
    print_table(("ABI", "library", "compressed", "a split for it saves"), rows)
    for reason in dict.fromkeys(abi.reason for abi in runtime.abis if abi.reason is not None):
        print_line(f"compressed size: {reason}")


def _print_ways(ways: tuple[Delivery, ...]) -> None:
    from devbench.console import print_line, print_table
    from devbench.units import show

    print_line("")
    rows = [
        (
            way.model,
            way.way,
            show(way.apk_bytes, "byte"),
            show(way.network_bytes, "byte"),
            show(way.phone_bytes, "byte"),
            "yes" if way.mapped else "no",
            way.note,
        )
        for way in ways
    ]
    print_table(("model", "delivered", "in the APK", "fetched later", "on the phone", "mapped", ""), rows)


def _print_manifest(manifest: Manifest, path: Path) -> None:
    from devbench.console import print_line

    versions = ", ".join(f"{model.name} {model.version}" for model in manifest.models)
    print_line(f"wrote {path}: {versions}")
