"""Which phones are measured now, as their leases tell."""

from __future__ import annotations

from pathlib import Path


def held_devices(leases: Path) -> frozenset[str]:
    """Names of the phones whose lease a living process holds."""
    from filelock import FileLock, Timeout

    held = set()
    for path in sorted(leases.glob("*.lock")):
        try:
            with FileLock(path, timeout=0, thread_local=False):
                pass
        except Timeout:
            held.add(path.stem)
    return frozenset(held)
