"""Nothing of a lab listens or connects without its keys, and they are readable by their owner only."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from started import make_devbench

from devbench.errors import UsageError

pytest.importorskip("distributed")
from devbench.lab.keys import (
    CERTIFICATE,
    KEY,
    is_loopback,
    load_security,
    make_keys,
    parse_address,
    valid_until,
)


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    make_keys(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    assert all((tmp_path / "keys" / name).stat().st_mode & 0o077 == 0 for name in (CERTIFICATE, KEY))
    assert valid_until(tmp_path / "keys") > "2026-01-01"
    assert load_security(tmp_path / "keys", address="10.0.0.5:8786").require_encryption
    with pytest.raises(UsageError, match="holds keys already"):
        make_keys(tmp_path / "keys")


@pytest.mark.parametrize("address", ["0.0.0.0:8786", "10.0.0.5:8786", "lab-host:8786", "[::]:8786"])
def test_an_open_address_without_keys_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="no keys of the lab") as caught:
        load_security(tmp_path, address=address, make=True)
    assert "devbench lab keys" in (caught.value.fix or "")
    assert not (tmp_path / KEY).exists()


def test_on_this_computer_alone_keys_are_made_by_the_scheduler_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_security(tmp_path / "keys", address="127.0.0.1:8786")
    assert load_security(tmp_path / "keys", address="127.0.0.1:8786", make=True).require_encryption


@pytest.mark.parametrize("text", ["", "host", "host:", ":1", "host:port", "host:70000"])
def test_an_address_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(UsageError, match="expected HOST:PORT"):
        parse_address(text)


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        done = make_devbench(tmp_path, tmp_path / "home", 1).process("lab", "scheduler", "--listen", listen)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"devbench: {listen} cannot be listened on: ")
    assert "--listen" in done.stderr


def test_loopback_is_what_only_this_computer_reaches() -> None:
    hosts = ("127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "10.0.0.1", "localhost.example")
    assert [is_loopback(host) for host in hosts] == [True] * 4 + [False] * 3
