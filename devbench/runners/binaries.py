"""The prebuilt runner programs in the package, by target."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from devbench.errors import EngineError
from devbench.hashing import sha256_of

FOLDER = Path(__file__).parent.parent / "data" / "runners"
NAME = "devbench-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerBinary:
    """One prebuilt program; the hash is of the file as it lies here, not of a manifest."""

    target: str
    path: Path
    sha256: str
    size_bytes: int
    version: str


def targets() -> tuple[str, ...]:
    """Targets that this installation has a runner for."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob(f"*/{NAME}")))


@cache
def runner_binary(target: str) -> RunnerBinary:
    """The runner for `target`; EngineError names the targets there are, or how to build them."""
    path = FOLDER / target / NAME
    if not path.is_file():
        known = ", ".join(targets())
        raise EngineError(
            f"there is no runner for {target}" + (f"; there are: {known}" if known else ""),
            fix="python android-runner/build.py (in a checkout; needs `pip install ziglang`)"
            if not known
            else None,
        )
    manifest = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
    return RunnerBinary(
        target=target,
        path=path,
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        version=str(manifest["version"]),
    )
