"""ADB packets and keys, without a phone."""

from __future__ import annotations

import asyncio
import struct
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from devbench.virtual.auth import allowed_keys, key_files, parse_key
from devbench.virtual.link import Identity, Link, Stream, checksum
from tests.virtual.conftest import wheel_adb


@given(st.binary(max_size=3000))
def test_the_checksum_is_the_sum_of_all_bytes(data: bytes) -> None:
    assert checksum(data) == sum(data)


def test_the_checksum_of_the_largest_packet_does_not_wrap() -> None:
    assert checksum(b"\xff" * (1 << 20)) == 0xFF << 20


def test_a_key_that_adb_makes_is_read(tmp_path: Path) -> None:
    subprocess.run([wheel_adb(), "keygen", str(tmp_path / "key")], check=True, capture_output=True)
    key = parse_key((tmp_path / "key.pub").read_text())
    assert key is not None
    assert (key.exponent, key.modulus.bit_length()) == (65537, 2048)
    assert not key.signed(bytes(20), bytes(256))
    assert not key.signed(bytes(20), b"short")


def test_what_is_no_key_is_none_and_a_missing_file_is_skipped(tmp_path: Path) -> None:
    assert [parse_key(text) for text in ("", "!!!", "AAAA", "QAAAAA== x")] == [None] * 4
    assert allowed_keys([tmp_path / "missing"]) == ()


def test_keys_are_looked_for_where_adb_looks(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor/a.adb_key").touch()
    environ = {"HOME": "/home/x", "ADB_VENDOR_KEYS": f"{tmp_path}/vendor:/keys/own"}
    assert [str(path) for path in key_files(environ)] == [
        "/home/x/.android/adbkey.pub",
        f"{tmp_path}/vendor/a.adb_key.pub",
        "/keys/own.pub",
    ]


def packet(command: bytes, first: int, second: int, data: bytes = b"") -> bytes:
    number = int.from_bytes(command, "little")
    return struct.pack("<6I", number, first, second, len(data), 0, number ^ 0xFFFFFFFF) + data


class Wire(asyncio.Transport):
    """Collects what a link sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def names(self) -> list[bytes]:
        found, at = [], 0
        while at < len(self.sent):
            found.append(self.sent[at : at + 4])
            at += 24 + struct.unpack_from("<I", self.sent, at + 12)[0]
        return found


def link_with_wire() -> tuple[Link, Wire]:
    async def serve(link: Link, stream: Stream, name: str) -> None:
        raise AssertionError(f"served {name}")

    identity = Identity(banner="device::", version=0x01000001, max_payload_bytes=4096, allowed=lambda: ())
    link, wire = Link(identity, serve), Wire()
    link._transport = wire
    return link, wire


def test_nothing_opens_before_the_key_is_known() -> None:
    async def story() -> tuple[list[bytes], bool]:
        link, wire = link_with_wire()
        link.data_received(packet(b"CNXN", 0x01000001, 1 << 20, b"host::"))
        link.data_received(packet(b"AUTH", 2, 0, bytes(256)))
        link.data_received(packet(b"AUTH", 3, 0, b"a public key"))
        link.data_received(packet(b"OPEN", 1, 0, b"shell:id\0"))
        await asyncio.sleep(0)
        return wire.names(), wire.aborted

    assert asyncio.run(story()) == ([b"AUTH", b"AUTH"], True)


def test_a_packet_may_come_in_pieces_and_a_broken_one_ends_the_connection() -> None:
    async def story() -> tuple[list[bytes], bool, bool]:
        link, wire = link_with_wire()
        for byte in packet(b"CNXN", 0x01000001, 1 << 20, b"host::"):
            link.data_received(bytes([byte]))
        before = wire.aborted
        link.data_received(b"\0" * 24)
        return wire.names(), before, wire.aborted

    assert asyncio.run(story()) == ([b"AUTH"], False, True)
