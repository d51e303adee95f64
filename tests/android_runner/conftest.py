"""The real runner, built from the sources beside the package, and the real engine of the ai-edge-litert wheel."""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .rig_phone import Phone

ROOT = Path(__file__).resolve().parents[2]
TESTDATA = ROOT / "android-runner" / "testdata"
MODELS = ROOT / "devbench" / "data" / "models"

# Exactly so many inferences, and no waiting: what a test needs unless it is about the bounds.
BRIEF = {
    "warmup_min_ms": 0,
    "warmup_max_ms": 0,
    "warmup_max_n": 2,
    "warmup_block_ms": 0,
    "steady_min_n": 5,
    "steady_min_ms": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a runner process ended and what it printed."""

    code: int
    events: list[dict[str, Any]]
    stderr: str

    def one(self, event: str) -> dict[str, Any]:
        (found,) = [e for e in self.events if e["event"] == event]
        return found

    def all(self, event: str) -> list[dict[str, Any]]:
        return [e for e in self.events if e["event"] == event]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """devbench-runner and an engine library for it."""

    binary: Path
    library: Path

    def call(self, *arguments: object, timeout: float = 60, **options: Any) -> Ended:
        """Runs a subcommand to its end; every line of its stdout must be an event."""
        done = subprocess.run(
            [self.binary, "1", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            **options,
        )
        return Ended(code=done.returncode, events=read_lines(done.stdout), stderr=done.stderr)

    def run(self, model: Path, **keys: object) -> Ended:
        """`run` with the brief bounds; keyword arguments are its keys, None removes one."""
        return self.call("run", *self.keys(model, **keys))

    def keys(self, model: Path, **keys: object) -> list[str]:
        merged: dict[str, object] = {
            "engine": "litert",
            "lib": self.library,
            "model": model,
            "delegate": "xnnpack",
            **BRIEF,
            **keys,
        }
        return [f"{key}={value}" for key, value in merged.items() if value is not None]


def read_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def load_build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("runner_build", ROOT / "android-runner" / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """android-runner/build.py."""
    return load_build()


@pytest.fixture(scope="session")
def runner(build: ModuleType) -> Runner:
    """The runner for this machine, as it is shipped."""
    build.ensure()
    spec = importlib.util.find_spec("ai_edge_litert")
    assert spec is not None and spec.origin is not None, "the tests need ai-edge-litert"
    return Runner(
        binary=build.DEFAULT_OUT / f"linux-{platform.machine()}" / "devbench-runner",
        library=Path(spec.origin).with_name("libLiteRt.so"),
    )


@pytest.fixture(scope="session")
def rig(tmp_path_factory: pytest.TempPathFactory, runner: Runner, build: ModuleType) -> Iterator[Path]:
    from .rig_phone import PHONE, RIG

    assert RIG is not None
    root = tmp_path_factory.mktemp("rig")
    subprocess.run(["bash", Path(RIG) / "up.sh", root], check=True, capture_output=True)
    for abi in ("x86_64", "x86"):
        shutil.copy(build.DEFAULT_OUT / f"android-{abi}" / "devbench-runner", root / PHONE / f"runner-{abi}")
    yield root
    subprocess.run(["umount", root / "proc", root / "sys"], check=True)


@pytest.fixture(params=["x86_64", "x86"])
def phone(rig: Path, request: pytest.FixtureRequest) -> Phone:
    from .rig_phone import Phone

    return Phone(root=rig, abi=request.param)


@pytest.fixture(scope="session")
def tensorflow_library() -> Path:
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        pytest.skip("TensorFlow is not installed")
    return Path(spec.origin).with_name("libtensorflow_cc.so.2")
