"""The bytes in stub.py are what their sources say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devbench import virtual
from devbench.virtual import VirtualPhoneError
from devbench.virtual.stub import CODE, stub


@pytest.mark.parametrize("machine", sorted(CODE))
def test_the_source_assembles_to_the_same_bytes(machine: str, tmp_path: Path) -> None:
    pytest.importorskip("ziglang")
    source = Path(virtual.__file__).parent / "stub_source" / f"{machine}.S"
    zig = [sys.executable, "-m", "ziglang"]
    subprocess.run(
        [*zig, "cc", "-target", f"{machine}-linux-musl", "-c", str(source), "-o", "o"],
        cwd=tmp_path,
        check=True,
    )
    subprocess.run([*zig, "objcopy", "-O", "binary", "-j", ".text", "o", "bin"], cwd=tmp_path, check=True)
    assert (tmp_path / "bin").read_bytes() == CODE[machine][1]


def test_the_file_is_a_small_static_program() -> None:
    program = stub("aarch64")
    assert program[:4] == b"\x7fELF"
    assert len(program) < 512


def test_another_machine_is_refused_by_name() -> None:
    with pytest.raises(VirtualPhoneError, match="not on mips"):
        stub("mips")
