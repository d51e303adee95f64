"""The app: bytes of an APK for one ABI (≤ 60 KiB) and for all four, seconds to pack and sign 30 MB of engine (≤ 3).

`python benchmarks/app_size.py`. By Python alone, as `--runner apk` does it before it installs; no Java.
"""

from __future__ import annotations

import os
import sys
import time
from statistics import median

from bare import ensure_runner

from devbench.apk import stored
from devbench.runners.binaries import ANDROID_ABIS, build_app

MOST_BYTES, MOST_S = 60 * 1024, 3.0
ENGINE_BYTES = 30_000_000  # more than any engine of the table has for one ABI
ROUNDS = 5


def main() -> int:
    ensure_runner()
    sizes = {abi: len(build_app((abi,))) for abi in ANDROID_ABIS}
    for abi, size in sizes.items():
        print(f"app_size {abi} {size} bytes (≤ {MOST_BYTES})")
    print(f"app_size all four {len(build_app())} bytes (no limit: only `runner export` writes it)")
    engine = stored("lib/arm64-v8a/libengine.so", os.urandom(ENGINE_BYTES))
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        build_app(("arm64-v8a",), extra=(engine,))
        took.append(time.perf_counter() - started)
    print(f"app_repacked {median(took):.2f} s with {ENGINE_BYTES} bytes of engine (≤ {MOST_S:g})")
    return 0 if max(sizes.values()) <= MOST_BYTES and median(took) <= MOST_S else 1


if __name__ == "__main__":
    sys.exit(main())
