"""One file is enough: an engine in C with its entry in the table, a way to run in Python; both really measure."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rig import BRIEF, NEW, Rig, request

import devbench.runners
from devbench.engines import table
from devbench.runners import binaries
from devbench.runners.inputs import random_input
from devbench.runners.registry import runner_kinds
from devbench.summary import summarise

ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "android_runner" / "engine_toy.c"
ENTRY = """
[engine.toy]
title = "A toy"
formats = ["tflite"]
library = "libtoy.so"
"""


@pytest.fixture
def fresh_kinds() -> Iterator[None]:
    runner_kinds.cache_clear()
    yield
    runner_kinds.cache_clear()


def test_a_runner_is_one_python_file(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_kinds: None
) -> None:
    """The example of docs/develop.md, dropped into devbench/runners, beside the native one in one table."""
    text = (ROOT / "docs" / "develop.md").read_text("utf-8")
    code = re.search(r"`devbench/runners/polite.py`[^\n]*\n\n```python\n(.*?)```", text, re.DOTALL)
    assert code is not None
    (tmp_path / "polite.py").write_text(code[1], "utf-8")
    monkeypatch.setattr(devbench.runners, "__path__", [*devbench.runners.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    try:
        done = rig.session(request("and-gate", runners=("native", "polite")), NEW)
    finally:
        sys.modules.pop("devbench.runners.polite", None)
    done.assert_complete()
    rows = {row.cell.runner: row.estimate("latency", "steady") for row in summarise(done.run)}
    assert set(rows) == {"native", "polite"} and all(steady and steady.value for steady in rows.values())


@pytest.fixture
def runners_looked_up_anew() -> Iterator[None]:
    """A runner is read once a process: neither an earlier test's here, nor this one's later."""
    binaries.runner_binary.cache_clear()
    yield
    binaries.runner_binary.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("runners_looked_up_anew")
def test_an_engine_is_one_c_file_and_one_entry(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled into a copy of the runner's sources, resolved by its entry, and its answers are the right ones."""
    copy = tmp_path / "android-runner"
    shutil.copytree(ROOT / "android-runner", copy, ignore=shutil.ignore_patterns("testdata"))
    (tmp_path / "devbench").mkdir()
    shutil.copy(ROOT / "devbench" / "__init__.py", tmp_path / "devbench")
    shutil.copy(TOY, copy / "src")
    target = rig.selection(NEW).devices[0].target
    built = tmp_path / "built"
    build = [sys.executable, copy / "build.py", "--target", target, "--out", built]
    subprocess.run(build, check=True, capture_output=True)
    library = tmp_path / "libtoy.so"
    empty = [sys.executable, "-m", "ziglang", "cc", "-shared", "-o", library, "-x", "c", "/dev/null"]
    subprocess.run(empty, check=True)
    known = table.parse_table(table.TABLE.read_text("utf-8") + ENTRY, "the table with a toy")
    monkeypatch.setattr(binaries, "FOLDER", built)
    for module in ("engines.asked", "engines.resolve", "engines.limits", "session.kit"):
        monkeypatch.setattr(importlib.import_module(f"devbench.{module}"), "engine_table", lambda: known)
    done = rig.session(request("and-gate", engines=(f"toy@0.1={library}",), delegates=("none",), bounds=BRIEF), NEW)
    done.assert_complete()
    (m,) = done.of("and-gate", "resources")
    assert m.actual is not None and m.actual.engine_version == "0.1"
    (output,) = m.outputs
    assert output.file is not None
    answer = np.fromfile(done.folder.path / output.file, np.float32)
    np.testing.assert_array_equal(answer, 2 * random_input(0, 0, "float32", (4,)))
    (row,) = summarise(done.run)
    assert row.cell.backend.engine == "toy"
