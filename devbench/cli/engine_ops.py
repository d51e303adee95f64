"""What `devbench engines ops` says: which release has which ABIs, levels of Android and operators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.engines.table import Release


def selected(engine: str | None, model: Path | None) -> tuple[Release, ...]:
    """The pinned releases asked for, of engines that run the model's format; UsageError names what there is."""
    from devbench.engines import engine_table, parse_engine
    from devbench.graph.sniff import model_format

    table = engine_table()
    wanted = None if model is None else model_format(model)
    asked = [parse_engine(word) for word in (engine or "").split(",") if word]
    for one in asked:
        if one.path is not None:
            raise UsageError(f"--engine {one}={one.path}: only pinned versions were asked for their operators")
    found = [
        release
        for entry in table.values()
        for release in entry.releases.values()
        if entry.delegate_of is None
        and (wanted is None or wanted in entry.formats)
        and (not asked or any(a.engine == entry.name and a.version in (None, release.version) for a in asked))
    ]
    if not found:
        raise UsageError(f"no pinned version of {engine or 'any engine'} runs {model or 'models'}",
                         fix="`devbench engines list` shows what runs what")  # fmt: skip
    return tuple(found)


def compatibility(release: Release, model: Path | None) -> dict[str, Any]:
    """One row: `operators` counts what it has, `lacks` names what the model needs; None where that is not known."""
    from devbench.graph.op_support import known_ops, unsupported_ops
    from devbench.graph.sniff import model_format

    runtime = f"{release.engine}-{release.version}"
    lacks = None if model is None else unsupported_ops(model, model_format(model), runtime)
    return {
        "engine": release.engine,
        "version": release.version,
        "targets": [{"target": one.target, "minimal_api": one.minimal_api} for one in release.libraries.values()],
        "operators": known_ops(runtime),
        "lacks": None if lacks is None else list(lacks),
    }
