"""The adb server: found, asked, never started or killed behind anybody's back."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devbench.adb import Server, ServerAddress
from devbench.adb.deadline import Deadline, read_exactly
from devbench.adb.server import ServerUnreachable, adb_binary
from devbench.errors import AdbServerError, DeadlinePassed

if TYPE_CHECKING:
    from fake_server import FakeServer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_version_and_phones_are_read(fake: FakeServer) -> None:
    fake.answer("host:version", "0029")
    fake.answer("host:devices-l", "A device transport_id:1\n")
    assert fake.server.version() == 41
    assert [t.serial for t in fake.server.transports()] == ["A"]


def test_asking_where_no_server_listens_starts_none() -> None:
    """adbutils would start its own adb, on the default port and with words on our stdout."""
    port = free_port()
    code = (
        "from devbench.adb import Server, ServerAddress\n"
        "from devbench.adb.server import ServerUnreachable\n"
        f"try: Server(ServerAddress(port={port})).transports()\n"
        "except ServerUnreachable: pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert not Server(ServerAddress(port=port)).listening()


def test_something_else_on_the_port_is_said(fake: FakeServer) -> None:
    """A web server, say: its answer is shown, and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        import threading

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(100)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(AdbServerError, match="odd answer b'HTTP'"):
            Server(ServerAddress(port=listener.getsockname()[1])).transports()
        thread.join()


def test_a_server_that_never_answers_is_an_error_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(ServerAddress(port=listener.getsockname()[1]))
        with (
            pytest.raises(AdbServerError, match="no answer within"),
            server.request("host:x", deadline_s=0.2),
        ):
            pass


def test_a_server_that_goes_away_while_tracking_is_an_error(fake: FakeServer) -> None:
    fake.answer("host:track-devices-l", "A device transport_id:1\n")
    states = fake.server.track(deadline_s=5)
    assert next(states)[0].serial == "A"
    with pytest.raises(AdbServerError):
        next(states)


def test_a_remote_server_that_is_not_there_is_not_started() -> None:
    with pytest.raises(AdbServerError, match=r"192\.0\.2\.1") as caught:
        Server(ServerAddress(host="192.0.2.1", port=1)).ensure()
    assert "adb -a nodaemon server" in (caught.value.fix or "")


def test_adb_is_found_or_its_absence_said() -> None:
    assert adb_binary().is_file()
    with pytest.raises(AdbServerError, match="no-such-adb"):
        adb_binary("no-such-adb")


@pytest.mark.skipif(shutil.which("adb") is None, reason="no adb program on PATH")
def test_a_server_is_started_once_and_only_ours_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`stop` does nothing to a server that was there before."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for key in ("ADB_USB", "ADB_EMU", "ADB_MDNS", "ADB_MDNS_OPENSCREEN"):
        monkeypatch.setenv(key, "0")
    first = Server(ServerAddress(port=free_port()))
    first.ensure()
    try:
        assert first.started_by_us
        second = Server(first.address)
        second.ensure()
        assert not second.started_by_us
        second.stop()
        assert first.version() > 30
    finally:
        first.stop()
    assert not first.listening()


def test_unreachable_is_told_from_refusing(fake: FakeServer) -> None:
    with (
        pytest.raises(AdbServerError, match="unknown host service") as caught,
        fake.server.request("host:odd"),
    ):
        pass
    assert not isinstance(caught.value, ServerUnreachable)


def test_a_deadline_counts_for_the_whole_call_not_for_each_read() -> None:
    """Bytes that trickle in keep a socket's timeout from ever passing."""
    left, right = socket.socketpair()
    with left, right:
        right.sendall(b"abc")
        deadline = Deadline(0.05, serial="S", command="c")
        with pytest.raises(DeadlinePassed, match=r"S: no answer within 0\.05 s \(command: c\)"):
            read_exactly(left, 4, deadline)
        with pytest.raises(DeadlinePassed):
            deadline.remaining_s()


def test_fewer_bytes_come_only_when_the_other_side_closed() -> None:
    left, right = socket.socketpair()
    with left:
        right.sendall(b"ab")
        right.close()
        assert read_exactly(left, 4, Deadline(5, serial="S", command="c")) == b"ab"
