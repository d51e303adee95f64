"""The shell of phones with and without protocol v2: exit codes, split streams, cut connections."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from devbench.adb import Phone
from devbench.errors import CommandFailed, DeadlinePassed, DeviceGone, DeviceOffline

if TYPE_CHECKING:
    from fake_server import FakeServer

V2, V1 = "shell_v2,cmd", "cmd"


def phone(fake: FakeServer, features: str, serial: str = "S 1:2") -> Phone:
    fake.add_phone(serial, features)
    return fake.server.phone(serial)


@pytest.mark.parametrize("features", [V1, V2])
def test_output_and_exit_code_are_the_commands_own(fake: FakeServer, features: str) -> None:
    """Also where adbd tells no exit code (before Android 7)."""
    result = phone(fake, features).shell("printf 'a\\nb'; exit 3")
    assert (result.stdout, result.exit_code, result.ok) == ("a\nb", 3, False)
    assert phone(fake, features).shell("true").ok
    assert phone(fake, features).shell("false").exit_code == 1


def test_v2_keeps_the_streams_apart(fake: FakeServer) -> None:
    result = phone(fake, V2).shell("echo out; echo err >&2")
    assert (result.stdout, result.stderr) == ("out\n", "err\n")


def test_check_says_serial_command_code_and_words(fake: FakeServer) -> None:
    with pytest.raises(CommandFailed) as caught:
        phone(fake, V2).shell("echo no such thing >&2; exit 7", check=True)
    text = str(caught.value)
    for part in ("S 1:2", "exit code 7", "no such thing", "exit 7"):
        assert part in text


def test_text_that_is_not_utf8_does_not_end_a_command(fake: FakeServer) -> None:
    assert phone(fake, V2).shell(r"printf 'a\377b'").stdout == "a�b"


@pytest.mark.parametrize(("features", "service"), [(V2, "shell,v2,raw:cut"), (V1, None)])
def test_a_cut_connection_is_offline_and_not_a_result(
    fake: FakeServer, features: str, service: str | None
) -> None:
    """Output without an exit code may be half of it; a v1 shell that says `not found` is no lost phone."""
    cut = phone(fake, features)
    if service is None:
        fake.shell = lambda name: lambda sock: sock.sendall(b"sh: foo: not found\r\n")
    else:
        fake.services[service] = lambda sock: None
    with pytest.raises(DeviceOffline, match="middle of a command"):
        cut.shell("cut")


def test_a_phone_that_is_gone_is_named(fake: FakeServer) -> None:
    def gone(sock: socket.socket) -> None:
        raise AssertionError("not reached")

    fake.add_phone("S", V2)
    del fake.services["host:tport:serial:S"]
    fake.services["host:version"] = gone
    with pytest.raises(Exception, match="unknown host service") as caught:
        fake.server.phone("S").shell("true")
    assert "S" in str(caught.value)
    text = "device 'S' not found"
    from devbench.adb.translate import device_error

    assert type(device_error(text, serial="S")) is DeviceGone


def test_a_hanging_command_ends_at_its_deadline(fake: FakeServer) -> None:
    with pytest.raises(DeadlinePassed, match=r"no answer within 0\.3 s"):
        phone(fake, V2).shell("sleep 2", deadline_s=0.3)


def test_the_server_being_restarted_is_transient(fake: FakeServer) -> None:
    """Another tool's `adb kill-server` must not end a run."""
    lost = phone(fake, V2)
    assert lost.shell("true").ok
    fake.close()
    with pytest.raises(DeviceOffline, match="no adb server answers"):
        lost.shell("true")


@pytest.mark.parametrize("features", [V1, V2])
def test_a_stream_gives_lines_as_bytes_without_their_ends(fake: FakeServer, features: str) -> None:
    """Bytes, because whoever counts a file's offset must not count characters."""
    with phone(fake, features).stream(r"printf 'a\nb\303\244\377\n\nlast'") as stream:
        lines = []
        while (line := stream.read_line(deadline_s=5)) is not None:
            lines.append(line)
    assert lines == [b"a", b"b\xc3\xa4\xff", b"", b"last"]


def test_a_stream_keeps_stderr_and_exit_code(fake: FakeServer) -> None:
    with phone(fake, V2).stream("echo x; echo y >&2; exit 4") as stream:
        while stream.read_line(deadline_s=5) is not None:
            pass
    assert (stream.exit_code, stream.stderr) == (4, "y\n")


def test_ready_waits_no_longer_than_asked(fake: FakeServer) -> None:
    with phone(fake, V2).stream("sleep 1; echo x") as stream:
        assert not stream.ready(0.01)
