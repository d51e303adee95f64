"""The model files that come with devbench: a run then needs no TensorFlow, and a session has its control.

`devbench/data/models/index.toml` pins each file's hash; `scripts/make_package_models.py` makes them.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from devbench.domain.variant import Step, Variant
from devbench.errors import ModelError
from devbench.graph.model_file import read_variant

CONTROL = "control"


def models_folder() -> Path:
    """The folder of the package's model files; wheels are unpacked, so it is a real one."""
    return Path(str(files("devbench"))) / "data" / "models"


@cache
def package_variants() -> tuple[Variant, ...]:
    """Every model file of the package but the control, in the order of the index."""
    return tuple(variant for variant in _all_variants() if not variant.control)


@cache
def control_variant() -> Variant:
    """The pinned control model; its `variant` is `control`."""
    return next(variant for variant in _all_variants() if variant.control)


@cache
def _all_variants() -> tuple[Variant, ...]:
    index = tomllib.loads((models_folder() / "index.toml").read_text(encoding="utf-8"))
    return tuple(_variant(entry) for entry in index["file"])


def _variant(entry: dict[str, Any]) -> Variant:
    found = read_variant(models_folder() / entry["file"], variant=entry["variant"], model=entry["model"])
    if found.sha256 != entry["sha256"]:
        raise ModelError(
            f"{found.path} is not the file that devbench came with (SHA-256 {found.file[0][:12]}…,"
            f" pinned {entry['sha256'][:12]}…)",
            fix="install devbench again",
        )
    steps = tuple(Step(**step) for step in entry["step"])
    return replace(found, steps=steps, weights=entry["weights"], control=entry["variant"] == CONTROL)
