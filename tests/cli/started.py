"""`devbench` with an environment and a folder of its own: in this process, or as one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from devbench.cli.app import main

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Devbench:
    """`devbench` with an environment; `folder` is where it is started."""

    environment: dict[str, str]
    folder: Path

    def __call__(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """To its end in this process: the imports of a new one take longer than most commands."""
        words = ["devbench", *map(str, arguments)]
        out, err = io.StringIO(), io.StringIO()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with (
                mock.patch.dict(os.environ, self.environment, clear=True), mock.patch.object(sys, "argv", words),
                contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
            ):  # fmt: skip
                main()
        except SystemExit as end:
            code = int(end.code or 0)
        else:
            code = 0
        finally:
            signal.signal(signal.SIGTERM, handler)
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    def process(self, *arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """As a user's shell starts it, for where the process is what is promised."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "devbench", *map(str, arguments)], cwd=self.folder, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
        )  # fmt: skip


def make_devbench(folder: Path, home: Path, port: int) -> Devbench:
    keep = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")}
    return Devbench(
        folder=folder,
        environment={
            **keep, "PYTHONPATH": str(ROOT), "DEVBENCH_HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
            "NO_COLOR": "1", "COLUMNS": "160", "ANDROID_ADB_SERVER_PORT": str(port),
        },
    )  # fmt: skip
