"""Real adb programs against a virtual phone: what works on a phone works here, in the same words."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from devbench.virtual import VirtualPhone
from tests.virtual.conftest import Lab, debian_adb, wheel_adb

Both = tuple[Lab, VirtualPhone]


@pytest.fixture(scope="module", params=["wheel", "debian-29"])
def both(request: pytest.FixtureRequest, make_lab: Callable[[str | None], Lab]) -> Both:
    """A lab whose server and client are that adb, with a phone that has shell v2."""
    adb = wheel_adb() if request.param == "wheel" else debian_adb()
    if adb is None:
        pytest.skip("Debian's adb 29 is not on PATH")
    lab = make_lab(adb)
    return lab, lab.up("pixel-2-xl")[0]


def tree_of(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time in seconds and content of each file below."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode & 0o777,
            int(path.stat().st_mtime),
            path.read_bytes(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_is_listed_with_its_model(both: Both) -> None:
    lab, phone = both
    line = next(
        line for line in lab.run(None, "devices", "-l").stdout.decode().splitlines() if phone.serial in line
    )
    assert " device product:taimen model:Pixel_2_XL device:taimen" in line


def test_exit_code_and_both_streams_arrive_apart(both: Both) -> None:
    lab, phone = both
    done = lab.run(phone, "shell", "echo out; echo err >&2; exit 37")
    assert (done.returncode, done.stdout, done.stderr) == (37, b"out\n", b"err\n")


def test_a_command_killed_by_a_signal_ends_like_in_a_shell(both: Both) -> None:
    lab, phone = both
    assert lab.run(phone, "shell", "kill -9 $$").returncode == 137


def test_binary_output_is_not_touched(both: Both) -> None:
    lab, phone = both
    every_byte = bytes(range(256)) * 300
    # exec-in returns as soon as everything is sent: the command ends later
    lab.run(phone, "exec-in", "cd /data/local/tmp; cat > part; mv part bytes", data=every_byte)
    lab.shell(phone, "while [ ! -e /data/local/tmp/bytes ]; do sleep 0.01; done")
    assert lab.run(phone, "exec-out", "cat /data/local/tmp/bytes").stdout == every_byte
    assert lab.run(phone, "shell", "cat /data/local/tmp/bytes").stdout == every_byte


def test_standard_input_reaches_the_command_and_ends(both: Both) -> None:
    lab, phone = both
    text = b"line\n" * 50_000
    assert lab.run(phone, "shell", "wc -c", data=text).stdout.split() == [str(len(text)).encode()]


def test_a_terminal_on_request(both: Both) -> None:
    lab, phone = both
    assert lab.run(phone, "shell", "-tt", "tty").stdout == b"/dev/pts/0\r\n"
    assert lab.run(phone, "shell", "tty").stdout == b"not a tty\n"


def test_a_tree_keeps_content_modes_and_times(both: Both, tmp_path: Path) -> None:
    lab, phone = both
    tree = tmp_path / "tree"
    for number, mode in enumerate((0o600, 0o644, 0o755)):
        file = tree / f"folder {number}" / "ünï.bin"
        file.parent.mkdir(parents=True)
        file.write_bytes(os.urandom(70_000 * number))
        file.chmod(mode)
        os.utime(file, (1_500_000_000 + number, 1_500_000_000 + number))
    assert lab.run(phone, "push", str(tree), "/data/local/tmp/").returncode == 0
    assert lab.shell(phone, "stat -c '%a %Y' '/data/local/tmp/tree/folder 2/ünï.bin'") == "755 1500000002\n"
    assert lab.run(phone, "pull", "-a", "/data/local/tmp/tree", str(tmp_path / "back")).returncode == 0
    assert tree_of(tmp_path / "back") == tree_of(tree)


@pytest.mark.slow
def test_200_megabytes_keep_their_hash(both: Both, tmp_path: Path) -> None:
    lab, phone = both
    big = tmp_path / "big"
    block = os.urandom(1 << 20)
    with big.open("wb") as file:
        for number in range(200):
            file.write(number.to_bytes(8, "big") + block[8:])
    with big.open("rb") as pushed:
        digest = hashlib.file_digest(pushed, "sha256").hexdigest()
    assert lab.run(phone, "push", str(big), "/data/local/tmp/big").returncode == 0
    assert lab.shell(phone, "sha256sum /data/local/tmp/big").split()[0] == digest
    assert lab.run(phone, "pull", "/data/local/tmp/big", str(tmp_path / "again")).returncode == 0
    with (tmp_path / "again").open("rb") as again:
        assert hashlib.file_digest(again, "sha256").hexdigest() == digest
    lab.shell(phone, "rm /data/local/tmp/big")


def test_refusals_come_with_the_phones_reason(both: Both, tmp_path: Path) -> None:
    lab, phone = both
    (tmp_path / "f").write_bytes(b"x")
    refused = lab.run(phone, "push", str(tmp_path / "f"), "/system/bin/f")
    assert refused.returncode != 0
    assert b"Read-only file system" in refused.stderr + refused.stdout
    missing = lab.run(phone, "pull", "/data/local/tmp/nothing", str(tmp_path / "g"))
    assert missing.returncode != 0
    assert b"No such file or directory" in missing.stderr + missing.stdout


def test_64_streams_at_once(both: Both) -> None:
    lab, phone = both
    command = [lab.adb, "-P", str(lab.server.port), "-s", phone.serial, "shell"]
    go = "while [ ! -e /data/local/tmp/go ]; do sleep 0.05; done"
    many = [
        subprocess.Popen(
            [*command, f"{go}; echo {number}; exit {number}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        for number in range(64)
    ]
    lab.shell(phone, "touch /data/local/tmp/go")
    for number, process in enumerate(many):
        out, _ = process.communicate(timeout=60)
        assert (out, process.returncode) == (f"{number}\n".encode(), number)
    lab.shell(phone, "rm /data/local/tmp/go")


def test_logcat_shows_follows_filters_and_clears(both: Both) -> None:
    lab, phone = both
    lab.run(phone, "logcat", "-c")
    lab.shell(phone, "log -p e -t runner it broke; log -t other fine")
    assert lab.run(phone, "logcat", "-d", "-v", "brief", "runner:W", "*:S").stdout.decode().splitlines() == [
        "--------- beginning of main",
        "E/runner  (    0): it broke",
    ]
    command = [lab.adb, "-P", str(lab.server.port), "-s", phone.serial, "logcat", "-v", "raw"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as follower:
        assert follower.stdout is not None
        assert [follower.stdout.readline() for _ in range(3)][1:] == [b"it broke\n", b"fine\n"]
        lab.shell(phone, "log later")
        assert follower.stdout.readline() == b"later\n"
        follower.terminate()


def test_forward_reaches_the_phones_own_ports_only(both: Both) -> None:
    lab, phone = both
    with socket.create_server(("127.0.0.1", 0)) as of_the_host:
        port = of_the_host.getsockname()[1]
        local = int(lab.run(phone, "forward", "tcp:0", f"tcp:{port}").stdout)
        with socket.create_connection(("127.0.0.1", local), timeout=10) as end:
            assert end.recv(1) == b""


def test_reverse_carries_bytes_from_the_phone_to_the_host(both: Both) -> None:
    lab, phone = both
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert lab.run(phone, "reverse", "tcp:7001", f"tcp:{port}").returncode == 0
        assert b"tcp:7001" in lab.run(phone, "reverse", "--list").stdout
        forwarded = int(lab.run(phone, "forward", "tcp:0", "tcp:7001").stdout)
        with socket.create_connection(("127.0.0.1", forwarded), timeout=10) as outer:
            listener.settimeout(10)
            inner, _ = listener.accept()
            with inner:
                outer.sendall(b"through the phone")
                assert inner.recv(100) == b"through the phone"
                inner.sendall(b"and back")
                assert outer.recv(100) == b"and back"
    lab.run(phone, "reverse", "--remove-all")
    assert b"7001" not in lab.run(phone, "reverse", "--list").stdout


def test_answers_of_a_user_build(both: Both) -> None:
    lab, phone = both
    assert b"adbd cannot run as root in production builds" in lab.run(phone, "root").stdout
    assert lab.run(phone, "get-serialno").stdout.decode().strip() == phone.serial


def test_it_comes_back_from_a_reboot(both: Both) -> None:
    lab, phone = both
    lab.shell(phone, "setprop persist.x kept; setprop debug.x lost; touch /data/local/tmp/kept")
    assert int(lab.shell(phone, "sleep 600 > /dev/null 2>&1 & echo $!"))
    assert lab.run(phone, "reboot").returncode == 0
    lab.run(phone, "wait-for-disconnect")
    assert lab.run(phone, "wait-for-device").returncode == 0
    answer = lab.shell(phone, "getprop persist.x; getprop debug.x; ls /data/local/tmp/kept; pgrep sleep")
    assert answer == "kept\n\n/data/local/tmp/kept\n"


def test_it_answers_after_a_reboot_in_the_middle_of_calls(both: Both) -> None:
    lab, phone = both
    lab.shell(phone, "log -t t waits; for n in 1 2 3 4; do logcat > /data/local/tmp/$n 2>&1 & done")
    while lab.shell(phone, "cat /data/local/tmp/[1-4]").count("waits") < 4:
        pass
    assert lab.run(phone, "reboot").returncode == 0
    lab.run(phone, "wait-for-disconnect")
    assert lab.run(phone, "wait-for-device").returncode == 0
    model = lab.shell(phone, "getprop ro.product.model")
    assert [lab.shell(phone, "getprop ro.product.model") for _ in range(8)] == [model] * 8


def test_an_interactive_shell_ends_with_its_exit_code(both: Both) -> None:
    lab, phone = both
    done = lab.run(phone, "shell", "-tt", data=b"cd /data/local/tmp\npwd\nexit 5\n")
    assert done.returncode == 5
    assert b"/data/local/tmp\r\n" in done.stdout


def test_an_old_phone_has_a_terminal_and_no_exit_code(lab: Lab, oppo: VirtualPhone) -> None:
    done = lab.run(oppo, "shell", "echo out; echo err >&2; exit 3")
    assert (done.returncode, done.stdout) == (0, b"out\r\nerr\r\n")
    assert lab.run(oppo, "exec-out", "echo raw").stdout == b"raw\n"


def test_an_old_phone_keeps_files_whole(lab: Lab, oppo: VirtualPhone, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(os.urandom(3_000_001))
    assert lab.run(oppo, "push", str(tmp_path / "f"), "/data/local/tmp/f").returncode == 0
    assert lab.run(oppo, "pull", "/data/local/tmp/f", str(tmp_path / "g")).returncode == 0
    assert (tmp_path / "f").read_bytes() == (tmp_path / "g").read_bytes()


def test_sync_v2_of_a_new_phone(lab: Lab, poco: VirtualPhone, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(os.urandom(3_000_001))
    assert lab.run(poco, "push", "-Z", str(tmp_path / "f"), "/data/local/tmp/a/b/f").returncode == 0
    assert lab.run(poco, "pull", "/data/local/tmp/a/b/f", str(tmp_path / "g")).returncode == 0
    assert (tmp_path / "f").read_bytes() == (tmp_path / "g").read_bytes()
    lab.run(poco, "push", "-n", str(tmp_path / "f"), "/data/local/tmp/dry")
    assert "No such file" in lab.shell(poco, "ls /data/local/tmp/dry 2>&1")


def test_adbutils_finds_the_same_phone(lab: Lab, pixel: VirtualPhone) -> None:
    from adbutils import AdbClient

    device = AdbClient(host=lab.server.host, port=lab.server.port).device(pixel.serial)
    assert device.prop.model == "Pixel 2 XL"
    result = device.shell2("echo hi; exit 9", v2=True)
    assert (result.returncode, result.output) == (9, "hi\n")
