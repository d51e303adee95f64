"""No path leads out of a phone, and nothing of another phone is seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from devbench import virtual
from devbench.virtual import VirtualPhone
from tests.virtual.conftest import Lab


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the host's that no phone may reach."""
    path = tmp_path_factory.mktemp("host") / "secret"
    path.write_text("of the host")
    return path


@pytest.mark.parametrize(
    "way", ["{path}", "/../../..{path}", "/proc/1/root{path}", "/proc/self/cwd/../..{path}"]
)
def test_no_path_leads_out(lab: Lab, pixel: VirtualPhone, secret: Path, way: str, tmp_path: Path) -> None:
    remote = way.format(path=secret)
    assert "of the host" not in lab.shell(pixel, f"cat {remote} 2>&1")
    pulled = lab.run(pixel, "pull", remote, str(tmp_path / "got"))
    assert pulled.returncode != 0
    assert not (tmp_path / "got").exists()


def test_no_symlink_leads_out_for_shell_or_sync(
    lab: Lab, pixel: VirtualPhone, secret: Path, tmp_path: Path
) -> None:
    folder = secret.parent
    lab.shell(pixel, f"cd /data/local/tmp && ln -sfn {folder} out && ln -sfn ../../../../../..{folder} up")
    (tmp_path / "f").write_bytes(b"planted")
    for link in ("out", "up"):
        assert "of the host" not in lab.shell(pixel, f"cat /data/local/tmp/{link}/secret 2>&1")
        assert lab.run(pixel, "pull", f"/data/local/tmp/{link}/secret", str(tmp_path / "got")).returncode != 0
        lab.run(pixel, "push", str(tmp_path / "f"), f"/data/local/tmp/{link}/planted")
        assert not (folder / "planted").exists()


def test_a_pushed_symlink_is_only_a_link_inside(
    lab: Lab, pixel: VirtualPhone, secret: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(secret)
    lab.run(pixel, "push", str(tree), "/data/local/tmp/links")
    assert "of the host" not in lab.shell(pixel, "cat /data/local/tmp/links/link 2>&1")


def test_commands_have_no_rights_to_get_out_with(lab: Lab, pixel: VirtualPhone) -> None:
    assert "CapEff:\t0000000000000000" in lab.shell(pixel, "grep CapEff /proc/self/status")
    assert "NoNewPrivs:\t1" in lab.shell(pixel, "grep NoNewPrivs /proc/self/status")
    assert lab.shell(pixel, "id -u") == "2000\n"
    assert lab.run(pixel, "shell", "mount -t tmpfs x /data").returncode != 0
    assert lab.run(pixel, "shell", "echo x > /system/x").returncode != 0


def test_a_phone_sees_its_own_processes_only(lab: Lab, pixel: VirtualPhone, poco: VirtualPhone) -> None:
    lab.shell(pixel, "sleep 777 > /dev/null 2>&1 &")
    assert "777" in lab.shell(pixel, "pgrep -f -a sleep")
    assert "777" not in lab.shell(poco, "pgrep -f -a sleep")
    assert str(os.getpid()) not in lab.shell(pixel, "ls /proc").split() or os.getpid() < 300
    lab.shell(pixel, "pkill sleep")


def test_a_phone_sees_its_own_files_and_ports_only(lab: Lab, pixel: VirtualPhone, poco: VirtualPhone) -> None:
    lab.shell(pixel, "echo mine > /data/local/tmp/mine")
    assert "No such file" in lab.shell(poco, "cat /data/local/tmp/mine 2>&1")
    assert [line.split()[0] for line in lab.shell(pixel, "cat /proc/net/dev").splitlines()[2:]] == ["lo:"]


def test_proc_and_sys_tell_the_truth_about_the_host(lab: Lab, pixel: VirtualPhone) -> None:
    mine = next(
        line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")
    )
    assert lab.shell(pixel, "grep MemTotal /proc/meminfo").strip() == mine
    assert lab.shell(pixel, "uname -m").strip() == os.uname().machine
    assert lab.run(pixel, "shell", "echo x > /sys/kernel/x").returncode != 0


def python_of_everyone() -> str | None:
    """A Python that user nobody can start."""
    for path in (sys.executable, "/usr/bin/python3"):
        test = ["su", "nobody", "-s", "/bin/sh", "-c", f"{path} -c 'import sys, tomllib; sys.exit()'"]
        if shutil.which("su") and subprocess.run(test, capture_output=True, check=False).returncode == 0:
            return path
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_it_works_for_a_user_without_rights(tmp_path_factory: pytest.TempPathFactory, allowed: None) -> None:
    python = python_of_everyone()
    if python is None:
        pytest.skip("no Python ≥ 3.11 that user nobody can start")
    code = "from devbench import virtual; print(virtual.why_not())"
    root = Path(virtual.__file__).parents[2]
    done = subprocess.run(
        ["su", "nobody", "-s", "/bin/sh", "-c", f"cd {root} && {python} -c '{code}'"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("None\n", 0), done.stderr
