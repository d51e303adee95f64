"""Virtual phones: an adbd that the real adb server connects to, in front of a small place of its own on this
host.

Nothing outside this package and `cli/` imports it; the rest of devbench sees a phone like any other. What is
heavy or Linux-only is imported when it is used.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from devbench.adb.server import ServerAddress
from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.profile import DEFAULT_PHONES, profile_names

__all__ = [
    "DEFAULT_PHONES",
    "VirtualPhone",
    "VirtualPhoneError",
    "advance_clock",
    "down",
    "private_server",
    "profile_names",
    "running",
    "set_faults",
    "stop_private_server",
    "up",
    "why_not",
    "why_not_emulated",
]


def _elsewhere() -> VirtualPhoneError:
    return VirtualPhoneError(f"virtual phones need Linux, this is {sys.platform}", fix="use a real phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPhone:
    """A running phone: `serial` is its address on the adb server, `serialno` what it calls itself."""

    name: str
    profile: str
    serial: str
    serialno: str
    port: int
    pid: int
    root: Path


def up(
    profiles: Sequence[str],
    *,
    server: ServerAddress,
    home: Path,
    faults: Sequence[str] = (),
    seed: int = 0,
    tree: Path | None = None,
    emulator: Path | None = None,
    engines: Path | None = None,
    adb: str | None = None,
    share_cores: bool = False,
) -> tuple[VirtualPhone, ...]:
    """One running phone for each profile, connected to `server` and usable there; a running one is used again.

    `tree` is an extracted Android tree to show instead of the default kind's root folder; a phone of the default
    kind has the folder `engines` (the installed TensorFlow's, if None) below /opt/engines. With `share_cores` a
    phone does not wait for its turn on a core, so that more phones than cores measure at once: good for what waits,
    and wrong for what works; it says so in its labels. VirtualPhoneError says what this host does not allow.
    """
    if sys.platform != "linux":
        raise _elsewhere()
    from devbench.virtual import lifecycle

    return lifecycle.up(
        profiles, server=server, home=home, faults=faults, seed=seed, tree=tree, emulator=emulator,
        engines=engines, adb=adb, share_cores=share_cores,
    )  # fmt: skip


def down(names_or_serials: Sequence[str] | None, *, home: Path) -> tuple[str, ...]:
    """Stops those phones (None: all of them) and disconnects them from their servers; their names."""
    from devbench.virtual import lifecycle

    return lifecycle.down(names_or_serials, home=home)


def running(*, home: Path) -> tuple[VirtualPhone, ...]:
    """The phones whose daemons live."""
    from devbench.virtual import lifecycle

    return lifecycle.running(home=home)


def set_faults(name: str, specs: Sequence[str], *, home: Path) -> None:
    """From now on these faults, and no others, on a running phone."""
    from devbench.virtual import lifecycle

    lifecycle.tell(name, {"do": "faults", "specs": list(specs)}, home=home)


def advance_clock(name: str, seconds: float, *, home: Path) -> None:
    """Moves a running phone's own time on: its battery and warmth follow."""
    from devbench.virtual import lifecycle

    lifecycle.tell(name, {"do": "advance", "seconds": seconds}, home=home)


def why_not() -> str | None:
    """Why this host allows no virtual phones, with the way out; None if it does."""
    if sys.platform != "linux":
        return str(_elsewhere())
    from devbench.virtual import lifecycle

    return lifecycle.why_not()


def why_not_emulated() -> str | None:
    """Why `up(tree=…, emulator=…)` could run no more than a shell here, with the way out; None if it can."""
    from devbench.virtual import lifecycle

    return lifecycle.why_not_emulated()


def private_server(*, home: Path, adb: str | None = None) -> ServerAddress:
    """An adb server of our own with a key of its own, started if it does not run; the user's stays untouched."""
    from devbench.virtual import server

    return server.private_server(home, adb)


def stop_private_server(*, home: Path) -> None:
    """Ends that server, if it runs."""
    from devbench.virtual import server

    server.stop_private_server(home)
