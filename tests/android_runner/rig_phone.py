"""A phone of the rig: an Android userland in a chroot, with a runner for each of its ABIs."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devbench.engines import parse_engine, resolve
from devbench.errors import DevbenchError

from .conftest import BRIEF, Ended, read_lines

RIG = os.environ.get("DEVBENCH_RIG")
PHONE = Path("data/local/tmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """The rig's root folder, and one of the two ABIs that run in it."""

    root: Path
    abi: str

    def call(self, *arguments: object) -> Ended:
        command = ["chroot", self.root, f"/{PHONE}/runner-{self.abi}", "1", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return Ended(code=done.returncode, events=read_lines(done.stdout), stderr=done.stderr)

    def put(self, file: Path, name: str | None = None) -> str:
        """Pushes a file; its path on the phone."""
        to = self.root / PHONE / (name or file.name)
        shutil.copy(file, to)
        return f"/{to.relative_to(self.root)}"

    def lib(self, engine: Path) -> str:
        """Pushes an engine's library, once."""
        version, target = engine.parts[-3:-1]
        name = f"{target}-{version}-{engine.name}"
        return f"/{PHONE}/{name}" if (self.root / PHONE / name).exists() else self.put(engine, name)

    def run(self, engine: Path, model: Path, /, **keys: object) -> Ended:
        merged: dict[str, object] = {
            "engine": "tflite",
            "lib": self.lib(engine),
            "model": self.put(model),
            "delegate": "xnnpack",
            "err": f"/{PHONE}/err",
            **BRIEF,
            **keys,
        }
        (self.root / PHONE / "err").unlink(missing_ok=True)
        return self.call("run", *(f"{key}={value}" for key, value in merged.items()))


def library(engine: str, abi: str) -> Path:
    """The library of `NAME@VERSION`, from the cache or fetched."""
    from platformdirs import user_cache_dir

    cache = Path(os.environ.get("DEVBENCH_HOME") or user_cache_dir("devbench")) / "engines"
    try:
        return resolve(parse_engine(engine), f"android-{abi}", cache_dir=cache).path
    except DevbenchError as error:
        pytest.skip(f"no engine: {error}")


def outputs_of(phone: Phone, ended: Ended) -> list[np.ndarray[Any, Any]]:
    return [
        np.fromfile(phone.root / e["path"].lstrip("/"), dtype=e["dtype"]).reshape(e["shape"])
        for e in ended.all("output")
    ]
