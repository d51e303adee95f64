"""The manifest that an app fetches to know whether a newer model is there, and what it would download.

An app keeps the manifest of what it has; when the one on the server says a higher version of a name with another
hash, that is newer. The hash decides what is whole, the version what is newer, so that an old copy on some cache is
taken neither for new nor for damaged.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from devbench.domain.codec import from_json, to_json
from devbench.errors import DevbenchError, StoreError, UsageError

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredModel:
    """One model to be fetched: `file` is its name beside the manifest, `gzip_bytes` what travels compressed."""

    name: str
    version: int
    format: str
    file: str
    sha256: str
    size_bytes: int
    gzip_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`models` by name, each once."""

    models: tuple[DeliveredModel, ...]
    schema: int = SCHEMA


def read_manifest(path: Path) -> Manifest:
    """StoreError says what is wrong with the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        schema = data.get("schema") if isinstance(data, dict) else None
        if isinstance(schema, int) and schema > SCHEMA:
            raise StoreError(f"{path} has schema {schema}; this devbench reads {SCHEMA}")
        return from_json(Manifest, data)
    except (OSError, ValueError) as e:
        raise StoreError(f"{path} is no manifest: {e}") from e
    except DevbenchError as e:
        raise StoreError(
            f"{path} is no manifest of models: {e.message}", fix="give another --manifest"
        ) from e


def next_manifest(before: Manifest | None, offered: Sequence[DeliveredModel]) -> Manifest:
    """`before` with the models offered: a changed hash gets the next version, an equal one keeps its own.

    The versions of `offered` count for names that are new. Models that are not offered stay as they are.
    """
    names = [model.name for model in offered]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two models are called {twice!r}", fix="rename one of the files")
    known = {model.name: model for model in before.models} if before else {}
    for model in offered:
        old = known.get(model.name)
        if old is None:
            known[model.name] = model
        elif old.sha256 != model.sha256:
            known[model.name] = _with_version(model, old.version + 1)
        else:
            known[model.name] = _with_version(model, old.version)
    return Manifest(models=tuple(known[name] for name in sorted(known)))


def newer_models(have: Manifest, offered: Manifest) -> tuple[DeliveredModel, ...]:
    """What an app with `have` would fetch: models it lacks, and those of a higher version with another hash."""
    mine = {model.name: model for model in have.models}
    return tuple(
        model
        for model in offered.models
        if (old := mine.get(model.name)) is None
        or (model.version > old.version and model.sha256 != old.sha256)
    )


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Whole or not at all."""
    try:
        handle, part = tempfile.mkstemp(prefix=".manifest-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(json.dumps(to_json(manifest), indent=1) + "\n")
            Path(part).replace(path)
        finally:
            Path(part).unlink(missing_ok=True)
    except OSError as e:
        raise StoreError(f"{path} cannot be written: {e.strerror or e}") from e


def _with_version(model: DeliveredModel, version: int) -> DeliveredModel:
    return replace(model, version=version)
