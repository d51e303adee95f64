"""`devbench` as a process, with an environment and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Devbench:
    """`devbench` with an environment; `folder` is where it is started."""

    environment: dict[str, str]
    folder: Path

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "devbench", *map(str, arguments)], cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip

    def __call__(self, *arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def make_devbench(folder: Path, home: Path, port: int) -> Devbench:
    keep = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")}
    return Devbench(
        folder=folder,
        environment={
            **keep, "PYTHONPATH": str(ROOT), "DEVBENCH_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
            "NO_COLOR": "1", "COLUMNS": "160", "ANDROID_ADB_SERVER_PORT": str(port),
        },
    )  # fmt: skip
