"""`devbench virtual` as a user types it, on the user's own adb server with the user's own key."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devbench import virtual
from tests.virtual.conftest import wheel_adb


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a home folder and an adb server of their own."""

    environ: dict[str, str]

    def devbench(self, *words: str) -> subprocess.CompletedProcess[str]:
        root = Path(virtual.__file__).parents[2]
        code = "from devbench.cli.app import main; main()"
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environ, cwd=root, check=False
        )

    def adb(self, *words: str) -> str:
        command = [self.environ["ADB"], *words]
        return subprocess.run(command, capture_output=True, text=True, env=self.environ, check=False).stdout


@pytest.fixture(scope="module")
def user(allowed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    home = tmp_path_factory.mktemp("user")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "HOME": str(home), "ANDROID_SDK_HOME": str(home), "DEVBENCH_HOME": str(home / "devbench"),
        "ADB": wheel_adb(),
        "ANDROID_ADB_SERVER_PORT": str(port), "ADB_USB": "0", "ADB_MDNS": "0", "ADB_EMU": "0", "COLUMNS": "100",
    }  # fmt: skip
    person = User(environ=os.environ | own)
    yield person
    virtual.down(None, home=home / "devbench/virtual")
    person.adb("kill-server")


def test_up_prints_serials_that_adb_can_use(user: User) -> None:
    done = user.devbench("virtual", "up", "--phone", "poco-f6", "--phone", "oppo-a37f")
    serials = done.stdout.split()
    assert (done.returncode, len(serials)) == (0, 2), done.stderr
    assert user.adb("-s", serials[0], "shell", "getprop ro.product.model") == "24069PC21G\n"
    listed = json.loads(user.devbench("virtual", "list", "--json").stdout)
    assert {phone["serial"] for phone in listed} == set(serials)


def test_up_again_names_the_same_phone(user: User) -> None:
    first, again = (
        json.loads(user.devbench("virtual", "up", "--phone", "poco-f6", "--json").stdout) for _ in "ab"
    )
    assert first == again


def test_down_by_serial_then_all(user: User) -> None:
    serial = user.devbench("virtual", "up", "--phone", "poco-f6").stdout.strip()
    user.devbench("virtual", "up", "--phone", "oppo-a37f")
    assert user.devbench("virtual", "down", serial).stdout == "poco-f6\n"
    assert serial not in user.adb("devices")
    assert user.devbench("virtual", "down").stdout == "oppo-a37f\n"
    assert user.devbench("virtual", "list").stdout == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--phone", "poco"), "did you mean poco-f6?"),
        (("--fault", "explode"), "no fault is called 'explode'"),
        (("--server", "here"), "expected HOST:PORT"),
        (("--emulator", "/x"), "--emulator needs --root"),
        (("--root", "/nowhere"), "holds no system/bin/sh"),
    ],
)
def test_wrong_options_say_what_is_right(user: User, words: tuple[str, ...], says: str) -> None:
    done = user.devbench("virtual", "up", *words)
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert done.stdout == ""
