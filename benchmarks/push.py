"""Our push against `adb push` of the same 200 MB to the same virtual phone, in turns: the ratio of MB/s."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean

from phones import lab

from devbench.adb.server import adb_binary
from devbench.adb.sync import push

SIZE_BYTES = 200_000_000
ROUNDS = 5
LEAST = 0.9
TARGET = "/data/local/tmp/pushed.bin"


def main() -> int:
    with lab("pixel-2-xl") as (server, phones, home):
        source = home / "source.bin"
        source.write_bytes(os.urandom(SIZE_BYTES))
        phone = server.phone(phones[0].serial)
        ours, theirs = [], []
        for number in range(ROUNDS + 1):
            for who in ("adb", "devbench") if number % 2 else ("devbench", "adb"):
                phone.remove(TARGET)
                started = time.monotonic()
                if who == "devbench":
                    push(phone, source, TARGET)
                else:
                    _adb_push(server.address.port, phones[0].serial, source)
                rate = SIZE_BYTES / 1e6 / (time.monotonic() - started)
                if number:  # the first turn fills caches
                    (ours if who == "devbench" else theirs).append(rate)
    ratio = math.exp(mean(math.log(a / b) for a, b in zip(ours, theirs, strict=True)))
    print(f"push: devbench {mean(ours):.0f} MB/s, adb {mean(theirs):.0f} MB/s, ratio {ratio:.2f} (≥ {LEAST})")
    return 0 if ratio >= LEAST else 1


def _adb_push(port: int, serial: str, source: Path) -> None:
    command = [str(adb_binary()), "-P", str(port), "-s", serial, "push", str(source), TARGET]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
