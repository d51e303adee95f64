"""`devbench engines`: which engine libraries there are, what they can do, and getting them before a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from devbench.cli.environment import read_environment
from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.engines import EngineAsked
    from devbench.engines.table import Engine, Library, Release

app = typer.Typer(no_args_is_help=True, help="Engine libraries: TensorFlow Lite, LiteRT, TensorFlow Mobile.")

EXAMPLES = """
[bold]Examples[/bold]

`devbench engines fetch` — the default engine of Android phones, for every ABI

`devbench engines fetch tflite@2.4.0 tflite@2.14.0 --target android-arm64-v8a` — before going offline

`devbench engines info tflite@2.4.0=my.aar` — what is in a file of yours

`devbench engines ops model.tflite` — which engines have every operator of a model
"""

Json = Annotated[bool, typer.Option("--json", help="As JSON on stdout.")]
Target = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TARGET", help="Only for this target, as android-arm64-v8a; may repeat. Default: all."
    ),
]


@app.command("list")
def list_(json_: Json = False) -> None:
    """List engines and versions: model formats, delegates, ABIs with the least Android API, and what is cached."""
    from devbench.console import print_json, print_table
    from devbench.engines import engine_table
    from devbench.units import show

    engines = [_engine_json(engine) for engine in engine_table().values()]
    if json_:
        print_json({"engines": engines})
        return
    rows = []
    for engine in engines:
        formats = " ".join(f".{name}" for name in engine["formats"]) or f"with {engine['delegate_of']}"
        if engine["wheel"]:
            wheel = engine["wheel"]
            state = f"installed: {wheel['installed']}" if wheel["installed"] else "not installed"
            rows.append((engine["name"], wheel["installed"] or "", formats, " ".join(wheel["delegates"]),
                         ", ".join(wheel["targets"]), "", state))  # fmt: skip
        for release in engine["releases"]:
            libraries = release["libraries"]
            cached = [lib["target"].removeprefix("android-") for lib in libraries if lib["cached"]]
            version = release["version"] + (" (default)" if release["version"] == engine["default"] else "")
            rows.append((engine["name"], version, formats, " ".join(release["delegates"]), _abis(libraries),
                         show(release["size_bytes"], "byte"), ", ".join(cached) or "no"))  # fmt: skip
    print_table(("engine", "version", "runs", "delegates", "targets (least API)", "download", "cached"), rows)


@app.command("fetch", epilog=EXAMPLES)
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME[@VERSION]]…", help="Engines. Default: tflite.")
    ] = None,
    target: Target = None,
    repository: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Maven repository to ask instead, such as a mirror; the pins still hold."
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
    json_: Json = False,
) -> None:
    """Download engines into the cache, so that runs need no network; prints the path of each library."""
    from devbench.console import Progress, print_json, print_line
    from devbench.engines import cache
    from devbench.engines.inventory import release_named

    releases = [release_named(name) for name in names or ["tflite"]]
    wanted = [
        (release, _library_for(release, name)) for release in releases for name in target or release.libraries
    ]
    folder = read_environment().engines
    fetched = []
    with Progress(quiet=quiet or json_) as progress:
        for release, library in wanted:
            source = release if repository is None else replace(release, repository=repository)
            path = cache.fetch(folder, source, library, progress.fetching)
            fetched.append({
                "engine": release.engine, "version": release.version, "target": library.target,
                "path": str(path), "sha256": library.sha256, "size_bytes": library.size_bytes,
            })  # fmt: skip
            if not json_:
                print_line(str(path))
    if json_:
        print_json({"fetched": fetched})


@app.command("info")
def info(
    name: Annotated[
        str, typer.Argument(metavar="NAME[@VERSION][=PATH]", help="An engine, or a file of yours.")
    ],
    json_: Json = False,
) -> None:
    """Show one engine in full: coordinates, hashes, ABIs, least Android API, page alignment, delegates."""
    from devbench.console import print_json, print_line
    from devbench.engines import engine_table, parse_engine
    from devbench.engines.inventory import release_named

    engine_name = name.partition("=")[0].partition("@")[0]
    engine = engine_table().get(engine_name)
    if "=" in name:
        shown = _file_json(parse_engine(name))
    elif engine is not None and engine.wheel is not None:
        shown = _engine_json(engine)
    else:
        release = release_named(name)
        shown = {"engine": engine_name, **_release_json(release)}
    if json_:
        print_json(shown)
        return
    for line in _lines(shown, ""):
        print_line(line)


@app.command("ops", epilog=EXAMPLES)
def ops(
    model: Annotated[
        Path | None, typer.Argument(metavar="[MODEL]", help="A .tflite or .pb. Default: only what engines have.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME[@VERSION],…", help="Only these, all versions where none is said. Default: all."),
    ] = None,
    json_: Json = False,
) -> None:
    """Show engine, version, ABIs with the least API, and operators; with MODEL, what each lacks for it."""
    from devbench.cli.engine_ops import compatibility, selected
    from devbench.console import print_json, print_table

    rows = [compatibility(release, model) for release in selected(engine, model)]
    if json_:
        print_json({"model": None if model is None else str(model), "engines": rows})
        return
    header = ["engine", "version", "targets (least API)", "operators"] + (["this model"] if model else [])
    print_table(tuple(header), [
        (row["engine"], row["version"], _abis(row["targets"]),
         "not known" if row["operators"] is None else str(row["operators"]),
         *([_said_of(row)] if model else []))
        for row in rows
    ])  # fmt: skip


def _said_of(row: dict[str, Any]) -> str:
    if row["lacks"] is None:
        return "not known: only a run shows it"
    return "has every operator" if not row["lacks"] else "lacks " + "; ".join(row["lacks"])


def _library_for(release: Release, target: str) -> Library:
    if target not in release.libraries:
        raise UsageError(
            f"{release.name} has no library for {target}", fix=f"one of: {', '.join(release.libraries)}"
        )
    return release.libraries[target]


def _engine_json(engine: Engine) -> dict[str, Any]:
    return {
        "name": engine.name,
        "title": engine.title,
        "formats": list(engine.formats),
        "default": engine.default,
        "delegate_of": engine.delegate_of,
        "wheel": _wheel_json(engine),
        "releases": [_release_json(release) for release in engine.releases.values()],
    }


def _wheel_json(engine: Engine) -> dict[str, Any] | None:
    from devbench.engines.wheel import wheel_library
    from devbench.errors import DevbenchError

    if engine.wheel is None:
        return None
    try:
        path, version = wheel_library(engine)
    except DevbenchError:
        path, version = None, None
    return {
        "distribution": engine.wheel,
        "targets": list(engine.wheel_targets),
        "delegates": list(engine.wheel_delegates),
        "installed": version,
        "path": None if path is None else str(path),
    }


def _release_json(release: Release) -> dict[str, Any]:
    from devbench.domain.codec import to_json
    from devbench.engines.cache import cached

    folder = read_environment().engines
    libraries = []
    for library in release.libraries.values():
        path = cached(folder, release, library)
        values = to_json(library)
        assert isinstance(values, dict)
        libraries.append({**values, "cached": None if path is None else str(path)})
    return {
        "version": release.version,
        "coordinates": release.coordinates,
        "repository": release.repository,
        "sha256": release.sha256,
        "size_bytes": release.size_bytes,
        "delegates": list(release.delegates),
        "libraries": libraries,
    }


def _file_json(asked: EngineAsked) -> dict[str, Any]:
    from devbench.domain.codec import to_json
    from devbench.engines.inventory import inspect_file
    from devbench.hashing import sha256_of

    path = asked.path
    assert path is not None
    libraries = []
    for entry, elf in inspect_file(path):
        values = to_json(elf)
        assert isinstance(values, dict)
        minimal_api = None if elf.needs_of_linux else elf.minimal_api
        libraries.append({"path": entry, **values, "minimal_api": minimal_api})
    return {
        "engine": asked.engine,
        "version": asked.version,
        "path": str(path),
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
        "libraries": libraries,
    }


def _abis(libraries: list[dict[str, Any]]) -> str:
    """`arm64-v8a (21), x86`: ABIs with the least API where it is known."""
    return ", ".join(
        library["target"].removeprefix("android-")
        + (f" ({library['minimal_api']})" if library["minimal_api"] is not None else "")
        for library in libraries
    )


def _lines(values: dict[str, Any], indent: str) -> list[str]:
    """Nested values as `key: value` lines; what is not known stays out."""
    lines: list[str] = []
    for key, value in values.items():
        label = key.removesuffix("_bytes").replace("_", " ") + (" (bytes)" if key.endswith("_bytes") else "")
        if isinstance(value, dict):
            lines += [f"{indent}{label}:", *_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                lines += [f"{indent}{item.get('target') or item.get('path') or item.get('version')}:"]
                lines += _lines(item, indent + "  ")
        elif value not in (None, [], ""):
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append(f"{indent}{label}: {text}")
    return lines
