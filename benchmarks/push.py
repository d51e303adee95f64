"""Our push against `adb push` of one file to one virtual phone, interleaved; target: a ratio of at least 0.9.

`python benchmarks/push.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from devbench import virtual
from devbench.adb import Server
from devbench.adb.server import adb_binary
from devbench.adb.sync import push

SIZE_BYTES = 200_000_000
ROUNDS = 10
TARGET = 0.9
PLACE = "/data/local/tmp"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        home, source = Path(folder) / "home", Path(folder) / "file.bin"
        with open("/dev/urandom", "rb") as noise:
            source.write_bytes(noise.read(1 << 20) * (SIZE_BYTES >> 20))
        size = source.stat().st_size
        address = virtual.private_server(home=home)
        try:
            (made,) = virtual.up(["pixel-2-xl"], server=address, home=home)
            phone = Server(address).phone(made.serial)
            adb = [str(adb_binary()), "-P", str(address.port), "-s", made.serial, "push"]
            ours = lambda: push(phone, source, f"{PLACE}/ours")  # noqa: E731
            theirs = lambda: subprocess.run(  # noqa: E731
                [*adb, str(source), f"{PLACE}/theirs"], check=True, capture_output=True
            )
            rates: dict[object, list[float]] = {ours: [], theirs: []}
            for round_ in range(ROUNDS + 1):
                # in turn, and the other way round in the next round: who comes second writes to a busier disk
                for way in (ours, theirs) if round_ % 2 else (theirs, ours):
                    begun_s = time.perf_counter()
                    way()
                    rates[way].append(size / 1e6 / (time.perf_counter() - begun_s))
                    phone.remove(f"{PLACE}/ours", f"{PLACE}/theirs")
        finally:
            virtual.down(None, home=home)
            virtual.stop_private_server(home=home)
    # the first round warms the page cache
    own, adbs = rates[ours][1:], rates[theirs][1:]
    print(f"push, devbench  {median(own):.0f}  MB/s")
    print(f"push, adb       {median(adbs):.0f}  MB/s")
    ratio = median(own) / median(adbs)
    print(f"push, devbench / adb  {ratio:.2f}  ratio  target >= {TARGET:g}")
    return 0 if ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
