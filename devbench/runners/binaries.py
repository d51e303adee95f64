"""The prebuilt runner programs in the package, by target."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import devbench
from devbench.apk import CLASSES, Entry, build_apk, read_key, test_key
from devbench.errors import EngineError
from devbench.hashing import sha256_of

FOLDER = Path(__file__).parent.parent / "data" / "runners"
NAME = "devbench-runner"
LIBRARY = "libdevbench_runner.so"
ANDROID_ABIS = ("arm64-v8a", "armeabi-v7a", "x86", "x86_64")


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


def known_abis() -> tuple[str, ...]:
    """The ABIs of the targets there are."""
    return tuple(sorted({target.partition("-")[2] for target in targets()} | set(ANDROID_ABIS)))


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


def library_file(target: str) -> Path:
    """The same program as a library, for a virtual machine to load; EngineError names the way to it."""
    return _present(FOLDER / target / LIBRARY)


def build_app(
    abis: tuple[str, ...] = ANDROID_ABIS, *, key: Path | None = None, extra: tuple[Entry, ...] = ()
) -> bytes:
    """The signed app with our library for each of `abis` and what else goes into it (engines, models).

    `key`: a PEM file of the user's instead of the test key. EngineError, UsageError.
    """
    libraries = {abi: library_file(f"android-{abi}").read_bytes() for abi in abis}
    classes = _present(FOLDER / CLASSES).read_bytes()
    signer = test_key() if key is None else read_key(key)
    return build_apk(classes, libraries, signer, version=devbench.__version__, extra=extra)


def _present(path: Path) -> Path:
    if not path.is_file():
        fix = "python android-runner/build.py (in a checkout; needs `pip install ziglang`)"
        raise EngineError(f"{path} is missing from this installation", fix=fix)
    return path
