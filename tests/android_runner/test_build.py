"""The build gives small, stripped, reproducible programs, and says what is missing when it cannot."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from .conftest import ROOT, Runner


def copy_of_sources(to: Path) -> Path:
    """A checkout's part that the build reads, in another folder; its build.py."""
    shutil.copytree(ROOT / "android-runner" / "src", to / "android-runner" / "src")
    shutil.copytree(ROOT / "android-runner" / "prebuilt", to / "android-runner" / "prebuilt")
    (to / "devbench").mkdir()
    shutil.copy(ROOT / "devbench" / "__init__.py", to / "devbench")
    shutil.copy(ROOT / "android-runner" / "build.py", to / "android-runner")
    return to / "android-runner" / "build.py"


def test_the_manifest_tells_the_files_beside_it(runner: Runner, build: ModuleType) -> None:
    out = build.DEFAULT_OUT
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["version"], manifest["protocol"]) == (build.version(), 1)
    assert set(manifest["targets"]) == set(build.TARGETS)
    for target, entry in manifest["targets"].items():
        content = (out / target / "devbench-runner").read_bytes()
        assert entry == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert len(content) <= 100 * 1024, target
    for target, entry in manifest["libraries"].items():
        content = (out / target / "libdevbench_runner.so").read_bytes()
        assert entry == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        assert len(content) <= 100 * 1024, target
    assert manifest["dex"]["sha256"] == hashlib.sha256((out / "classes.dex").read_bytes()).hexdigest()


@pytest.mark.slow
def test_two_folders_give_the_same_bytes(tmp_path: Path, build: ModuleType, runner: Runner) -> None:
    """Whatever the checkout is called; the second build cannot be the first one's cache, since paths differ."""
    name = "linux-x86_64"
    script = copy_of_sources(tmp_path / "another folder")
    out = tmp_path / "out"
    subprocess.run([sys.executable, script, "--target", name, "--out", out], check=True, capture_output=True)
    for file in ("devbench-runner", "libdevbench_runner.so"):
        built = (out / name / file).read_bytes()
        assert built == (build.DEFAULT_OUT / name / file).read_bytes()
        assert str(tmp_path).encode() not in built and str(ROOT).encode() not in built


def test_unchanged_sources_are_not_built_again(tmp_path: Path, runner: Runner, build: ModuleType) -> None:
    out = tmp_path / "runners"
    shutil.copytree(build.DEFAULT_OUT, out)
    assert build.is_current(out) and build.ensure(out) is False
    (out / "linux-aarch64" / "devbench-runner").write_bytes(b"damaged")
    assert not build.is_current(out)
    assert not build.is_current(tmp_path / "nowhere")


def test_without_zig_the_error_says_what_to_install(tmp_path: Path) -> None:
    """-S hides the installed packages."""
    script = copy_of_sources(tmp_path / "checkout")
    done = subprocess.run(
        [sys.executable, "-S", script, "--out", tmp_path / "o"], capture_output=True, text=True
    )
    assert done.returncode == 1 and "pip install ziglang" in done.stderr and "Traceback" not in done.stderr


def test_broken_sources_are_told_with_the_compilers_words(tmp_path: Path) -> None:
    script = copy_of_sources(tmp_path / "checkout")
    (script.parent / "src" / "main.c").write_text("int main(void) { return nonsense; }\n")
    done = subprocess.run(
        [sys.executable, script, "--target", "linux-x86_64", "--out", tmp_path / "o"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "nonsense" in done.stderr and "linux-x86_64" in done.stderr
    assert not (tmp_path / "o" / "manifest.json").exists()
