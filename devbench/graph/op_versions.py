"""The operators that releases of TensorFlow Lite have, and in which versions, as each library itself says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from devbench.graph.tflite_names import OPERATORS

_FOLDER = files("devbench").joinpath("data", "op_versions")
_FIRST_RELEASE = "first-release"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteOps:
    """`versions` of a release: operator (custom ones too) → the oldest and the newest version that it runs."""

    release: str
    versions: dict[str, tuple[int, int]]


@cache
def lite_ops(release: str) -> LiteOps | None:
    """What `tflite-2.4.0` has; None for a release that was not asked."""
    file = _FOLDER.joinpath(f"{release}.json")
    if release == _FIRST_RELEASE or not file.is_file():
        return None
    ops = json.loads(file.read_text("utf-8"))["ops"]
    return LiteOps(release=release, versions={op: (oldest, newest) for op, (oldest, newest) in ops.items()})


def unsupported_operators(declared: Mapping[str, tuple[int, ...]], runtime: LiteOps) -> tuple[str, ...]:
    """A phrase for each operator that the release lacks, or lacks in the version that a file declares."""
    found = []
    for op, versions in declared.items():
        for version in versions:
            oldest, newest = runtime.versions.get(op, (1, 0))
            if not oldest <= version <= newest:
                found.append(f"{op} version {version} ({_why(op, version, newest)})")
    return tuple(found)


def _why(op: str, version: int, newest: int) -> str:
    came = _first_releases().get(op, {}).get(str(version))
    since = f", which TensorFlow Lite {came} brought" if came else ""
    if newest:
        return f"it has up to {newest}{since}"
    if op.startswith("Flex"):
        return "an operator of TensorFlow: convert without SELECT_TF_OPS"
    return f"it has no such {'operator' if op in OPERATORS else 'custom operator'}{since}"


@cache
def _first_releases() -> dict[str, dict[str, str]]:
    """TensorFlow's own table; a library may have a version a little earlier than that says."""
    text = _FOLDER.joinpath(f"{_FIRST_RELEASE}.json").read_text("utf-8")
    ops: dict[str, dict[str, str]] = json.loads(text)["ops"]
    return ops
