"""An adbd in front of an extracted Android tree: its own shell and linker run, shims answer for its services."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench import virtual
from devbench.virtual import VirtualPhone, VirtualPhoneError
from devbench.virtual.profile import load_profile
from devbench.virtual.tree import emulators, parse_properties, read_tree, tree_profile
from tests.virtual.conftest import Lab

ELF64 = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00"


def fake_tree(folder: Path, *, linker64: int | None, linker: int | None, sh: int, prop: str = "") -> Path:
    (folder / "system/bin").mkdir(parents=True)
    for name, machine in (("linker64", linker64), ("linker", linker), ("sh", sh)):
        if machine is not None:
            (folder / "system/bin" / name).write_bytes(ELF64 + machine.to_bytes(2, "little"))
    if prop:
        (folder / "system/build.prop").write_text(prop)
    return folder


def test_linkers_decide_the_abis_where_the_tree_says_nothing(tmp_path: Path) -> None:
    tree = read_tree(fake_tree(tmp_path, linker64=183, linker=40, sh=40))
    assert tree.abis == ("arm64-v8a", "armeabi-v7a")
    assert tree_profile(tree, None, "x").properties["ro.product.cpu.abilist32"] == "armeabi-v7a"


def test_the_trees_own_properties_win_over_a_phones(tmp_path: Path) -> None:
    prop = "//#ifdef X\nro.build.version.sdk=22\nro.product.cpu.abilist=armeabi-v7a,armeabi\r\nro.product.model=Y\n"
    tree = read_tree(fake_tree(tmp_path, linker64=None, linker=40, sh=40, prop=prop))
    profile = tree_profile(tree, load_profile("pixel-2-xl"), "x")
    assert (tree.sdk, profile.abis) == (22, ("armeabi-v7a", "armeabi"))
    assert profile.properties["ro.product.model"] == "Y"
    assert not tree_profile(tree, None, "x").features


def test_properties_between_remarks() -> None:
    assert parse_properties("# a=b\n\na.b=c=d\nimport x\ne=\n") == {"a.b": "c=d", "e": ""}


def test_a_folder_without_android_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VirtualPhoneError, match="holds no system/bin/sh"):
        read_tree(tmp_path)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="speaks of x86_64 hosts")
def test_another_architecture_needs_an_emulator_and_gets_its_siblings(tmp_path: Path) -> None:
    tree = read_tree(fake_tree(tmp_path / "tree", linker64=183, linker=40, sh=40))
    with pytest.raises(VirtualPhoneError, match="qemu-aarch64-static"):
        emulators(tree, None)
    with pytest.raises(VirtualPhoneError, match="no emulator at"):
        emulators(tree, tmp_path / "qemu-aarch64-static")
    for name in ("qemu-aarch64-static", "qemu-arm-static"):
        (tmp_path / name).touch()
    assert [e.machine for e in emulators(tree, tmp_path / "qemu-aarch64-static")] == [183, 40]
    assert [e.machine for e in emulators(tree, tmp_path / "qemu-arm-static")] == [40, 183]


def test_a_registration_matches_androids_programs_and_not_the_emulator(tmp_path: Path) -> None:
    (tmp_path / "qemu-aarch64-static").touch()
    tree = read_tree(fake_tree(tmp_path / "tree", linker64=183, linker=None, sh=183))
    (emulator,) = emulators(tree, tmp_path / "qemu-aarch64-static")
    _, name, kind, offset, magic, mask, path, flags = emulator.registration().split(":")
    assert (name, kind, offset, path, flags) == ("aarch64", "M", "0", str(emulator.path), "F")
    value, care = (bytes.fromhex(text.replace("\\x", "")) for text in (magic, mask))
    assert (value[7], care[7]) == (0, 0xFF)
    assert len(value) == len(care) == 20


# no libc: `sh -c WORD` prints WORD and starts itself with one argument, which prints that it was started
SHELL_S = """
.globl _start
_start: ldr x9, [sp]
  cmp x9, #3
  b.ne again
  ldr x1, [sp, #24]
  mov x2, #5
  mov x0, #1
  mov x8, #64
  svc #0
  adr x0, path
  adr x9, path
  stp x9, x9, [sp, #-32]!
  stp xzr, xzr, [sp, #16]
  mov x1, sp
  mov x2, #0
  mov x8, #221
  svc #0
again: mov x0, #1
  adr x1, text
  mov x2, #9
  mov x8, #64
  svc #0
  mov x0, #0
  mov x8, #94
  svc #0
path: .asciz "/system/bin/sh"
text: .ascii "\\nin turn\\n"
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="speaks of x86_64 hosts")
def test_programs_of_another_architecture_start_each_other(
    make_lab: Callable[[str | None], Lab], tmp_path: Path
) -> None:
    """A tree whose whole shell is one ARM program: it is started, and starts a program in turn."""
    pytest.importorskip("ziglang")
    emulator = shutil.which("qemu-aarch64-static")
    if emulator is None:
        pytest.skip("no qemu-aarch64-static")
    (tmp_path / "sh.S").write_text(SHELL_S)
    (tmp_path / "tree/system/bin").mkdir(parents=True)
    target = ["-target", "aarch64-linux-musl", "-nostdlib", "-static", "sh.S", "-o", "tree/system/bin/sh"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *target], cwd=tmp_path, check=True)
    lab = make_lab(None)
    (phone,) = virtual.up(
        (), server=lab.server, home=lab.home, tree=tmp_path / "tree", emulator=Path(emulator)
    )
    assert lab.shell(phone, "hello") == "hello\nin turn\n"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bionic userland."""
    source = os.environ.get("DEVBENCH_RIG")
    if source is None:
        pytest.skip("DEVBENCH_RIG is not set")
    (archive,) = Path(source).glob("*.tar.xz")
    folder = tmp_path_factory.mktemp("rig")
    shutil.unpack_archive(archive, folder, filter="tar")
    return folder


@pytest.fixture(scope="module")
def rooted(lab: Lab, rig: Path) -> VirtualPhone:
    return virtual.up((), server=lab.server, home=lab.home, tree=rig)[0]


def test_its_own_shell_and_tools_run(lab: Lab, rooted: VirtualPhone) -> None:
    assert "MIRBSD KSH" in lab.shell(rooted, "echo $KSH_VERSION")
    assert "/system/bin/busybox" in lab.shell(rooted, "cat /proc/self/maps")
    done = lab.run(rooted, "shell", "nope; exit 4")
    assert (done.returncode, done.stderr) == (4, b"/system/bin/sh: nope: not found\n")


def test_shims_answer_first(lab: Lab, rooted: VirtualPhone) -> None:
    assert lab.shell(rooted, "x=$(getprop ro.product.cpu.abilist); echo $x") == "x86_64,x86\n"
    assert "  level: " in lab.shell(rooted, "dumpsys battery | grep level")
    assert lab.shell(rooted, "getprop ro.devbench.labels") == "VIRTUAL\n"


def test_files_reach_the_phone_and_not_the_tree(
    lab: Lab, rooted: VirtualPhone, rig: Path, tmp_path: Path
) -> None:
    (tmp_path / "f").write_bytes(b"pushed")
    assert lab.run(rooted, "push", str(tmp_path / "f"), "/data/local/tmp/f").returncode == 0
    assert lab.shell(rooted, "cat /data/local/tmp/f") == "pushed"
    assert lab.run(rooted, "push", str(tmp_path / "f"), "/system/f").returncode != 0
    assert {path.name for path in rig.iterdir()} == {"system"} | (
        {"data"} if (rig / "data").exists() else set()
    )


def test_it_is_found_again_and_another_tree_is_another_phone(
    lab: Lab, rooted: VirtualPhone, rig: Path
) -> None:
    assert virtual.up((), server=lab.server, home=lab.home, tree=rig) == (rooted,)
    (described,) = virtual.up(("pixel-2-xl",), server=lab.server, home=lab.home, tree=rig)
    assert described.name.startswith("pixel-2-xl-")
    assert (
        lab.shell(described, "getprop ro.product.model; getprop ro.product.cpu.abi") == "Pixel 2 XL\nx86_64\n"
    )
    virtual.down([described.name], home=lab.home)


def test_the_same_tree_behind_an_emulator(lab: Lab, rig: Path) -> None:
    emulator = shutil.which("qemu-x86_64-static")
    if emulator is None or platform.machine() != "x86_64":
        pytest.skip("no qemu-x86_64-static")
    (phone,) = virtual.up((), server=lab.server, home=lab.home, tree=rig, emulator=Path(emulator))
    assert lab.shell(phone, "/system/bin/linker64 2>&1").startswith("This is /system/bin/linker64")
    assert "enabled" in lab.shell(phone, "cat /proc/sys/fs/binfmt_misc/x86_64")
    virtual.down([phone.name], home=lab.home)
