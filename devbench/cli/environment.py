"""What the environment says: the only reader of os.environ outside console and the virtual phones' daemon."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from devbench.errors import UsageError

RESULTS = Path("results")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Folders and the adb server of this user. `home` holds caches, leases and virtual phones."""

    home: Path
    adb_host: str
    adb_port: int
    adb: str | None

    @property
    def leases(self) -> Path:
        return self.home / "leases"

    @property
    def quarantine(self) -> Path:
        """Phones that failed, and those that are left out for it."""
        return self.home / "quarantine"

    @property
    def noise(self) -> Path:
        """What `devbench aa` found."""
        return self.home / "noise"

    @property
    def phones(self) -> Path:
        """What is remembered of phones from run to run."""
        return self.home / "phones"

    @property
    def pushes(self) -> Path:
        """Places for large pushes, shared by every devbench on this host."""
        return self.home / "pushes"

    @property
    def history(self) -> Path:
        """The index over run folders, made from them."""
        return self.home / "history.sqlite"

    @property
    def engines(self) -> Path:
        return self.home / "engines"

    @property
    def tools(self) -> Path:
        return self.home / "tools"

    @property
    def lab(self) -> Path:
        """Keys of a lab of several hosts, and what an agent keeps for it."""
        return self.home / "lab"

    @property
    def variants(self) -> Path:
        return self.home / "variants"


def read_environment() -> Environment:
    """$DEVBENCH_HOME, $ANDROID_ADB_SERVER_ADDRESS, $ANDROID_ADB_SERVER_PORT, $ADB — as adb reads them."""
    home = os.environ.get("DEVBENCH_HOME")
    if home:
        base = Path(home)
    else:
        from platformdirs import user_cache_path

        base = user_cache_path("devbench")
    port = os.environ.get("ANDROID_ADB_SERVER_PORT") or "5037"
    if not port.isdigit():
        raise UsageError(f"$ANDROID_ADB_SERVER_PORT is {port!r}, which is not a port number")
    return Environment(
        home=base,
        adb_host=os.environ.get("ANDROID_ADB_SERVER_ADDRESS") or "127.0.0.1",
        adb_port=int(port),
        adb=os.environ.get("ADB") or None,
    )


def command_line() -> tuple[str, ...]:
    """The command that started us, as a user would type it again."""
    return ("devbench", *sys.argv[1:])


def command_text(argv: tuple[str, ...]) -> str:
    return shlex.join(argv)
