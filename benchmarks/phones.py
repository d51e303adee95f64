"""Virtual phones on a private adb server and in a temporary home, for the benchmarks that need some."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devbench import virtual
from devbench.adb import Server


@contextlib.contextmanager
def lab(
    *profiles: str, share_cores: bool = False
) -> Iterator[tuple[Server, tuple[virtual.VirtualPhone, ...], Path]]:
    """(server, phones, home); everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="devbench-bench-") as folder:
        home = Path(folder)
        address = virtual.private_server(home=home)
        try:
            phones = virtual.up(profiles, server=address, home=home, share_cores=share_cores)
            yield Server(address), phones, home
        finally:
            virtual.down(None, home=home)
            virtual.stop_private_server(home=home)
