"""Free space by the `df` of toolbox, toybox and busybox."""

from __future__ import annotations

import pytest

from devbench.devices.storage import parse_free_bytes


@pytest.mark.parametrize(
    ("text", "free_bytes"),
    [
        ("Filesystem          Size     Used     Free   Blksize\n/data 4.9G  1.2G  3.7G  4096\n", int(3.7 * 2**30)),
        ("Filesystem               Size     Used     Free   Blksize\n/data 100.0M 99.9M 64.0K 4096\r\n", 65536),
        ("Filesystem Size Used Free Blksize\n/data 1.0 1.0 0.0 4096\n", 0),
        ("Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/vda 264212084 24168648 71332616 26% /data\n",
         71332616 * 1024),
        ("Filesystem           1K-blocks      Used Available Use% Mounted\n"
         "/dev/block/platform/soc/by-name/userdata\n             25606692  20142328   5447980  79% /data\n",
         5447980 * 1024),
        ("Filesystem 512-blocks Used Available Capacity Mounted on\n/dev/x 100 50 50 50% /data\n", 25600),
        ("df: /data/local/tmp/devbench: No such file or directory\n", None),
        ("", None),
    ],
)  # fmt: skip
def test_free_bytes(text: str, free_bytes: int | None) -> None:
    assert parse_free_bytes(text) == free_bytes
