"""What depends on a CPU's calling convention is right on all four, run natively or by qemu-user."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT

SOURCES = ROOT / "android-runner" / "src"
NATIVE = {"x86_64": ("x86_64", "x86"), "aarch64": ("aarch64",)}.get(platform.machine(), ())
CPUS = {
    "x86_64": [],
    "aarch64": [],
    "thumb": ["-mcpu=cortex_a9", "-mfloat-abi=softfp"],
    "x86": ["-mcpu=i686+ssse3", "-mstackrealign"],
}
EMULATED = {"x86": "i386", "thumb": "arm"}


@pytest.mark.parametrize("cpu", CPUS)
def test_structures_and_numbers_cross_the_border(tmp_path: Path, cpu: str) -> None:
    emulator = shutil.which(f"qemu-{EMULATED.get(cpu, cpu)}-static")
    if cpu not in NATIVE and emulator is None:
        pytest.skip(f"no qemu-user for {cpu} on this machine")
    program = tmp_path / "check"
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{cpu}-linux-none", *CPUS[cpu]]
    options = [
        "-nostdlib",
        "-static",
        "-fno-builtin",
        "-O2",
        "-std=gnu11",
        "-DDEVBENCH_BIONIC",
        f"-I{SOURCES}",
    ]
    options += [
        "-fno-sanitize=all",
        "-fno-stack-protector",
        "-fno-unwind-tables",
        "-fno-asynchronous-unwind-tables",
    ]
    sources = [
        SOURCES / "delegate_options.c",
        SOURCES / "arithmetic32.c",
        Path(__file__).with_name("abi_check.c"),
    ]
    subprocess.run([*command, *options, "-o", program, *sources], check=True)
    run = [program] if cpu in NATIVE else [emulator, program]
    assert subprocess.run(run, check=False).returncode == 0
