"""An Android userland for benchmarks (env DEVBENCH_RIG, root) that leaves no mounts behind, however they end."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS; os.unshare came with Python 3.12


@contextmanager
def userland(rig: Path, root: Path) -> Iterator[None]:
    """`root` as `rig`/up.sh makes it, mounted for this process and its children only: a kill unmounts it too."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"no mounts of its own: {os.strerror(number)}")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["bash", rig / "up.sh", root], check=True, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        subprocess.run(["umount", root / "proc", root / "sys"], check=True)
