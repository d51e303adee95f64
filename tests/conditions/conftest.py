"""Virtual phones behind an adb server of their own, with the runner on them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devbench import virtual
from devbench.adb import Phone, Server
from devbench.adb.server import ServerAddress
from devbench.devices import probe
from devbench.domain.device import DeviceInfo
from devbench.runners.binaries import runner_binary
from devbench.runners.cas import LocalFile, ensure_runner

sys.path.insert(0, str(Path(__file__).parents[1]))  # for `cpufreq`


@dataclass(frozen=True, slots=True, kw_only=True)
class Handy:
    """A virtual phone as a session has it: its transport, what it is, and the runner's file."""

    home: Path
    server: ServerAddress
    name: str
    phone: Phone
    info: DeviceInfo
    file: LocalFile

    @property
    def runner(self) -> str:
        """The runner's path on the phone."""
        return self.file.remote

    def sh(self, command: str) -> str:
        return self.phone.shell(command).stdout

    def faults(self, *specs: str) -> None:
        virtual.set_faults(self.name, specs, home=self.home)

    def back(self) -> None:
        """The cable is in again; returns when the phone is usable."""
        self.faults()
        virtual.up([self.name], server=self.server, home=self.home)

    def remembered(self) -> tuple[str, str]:
        """All global settings, and whether the screen is on: what a session may change and must put back."""
        listed = self.sh("settings list global")
        return listed, self.sh("dumpsys power | grep mWakefulness=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    home: Path
    server: ServerAddress

    def phone(self, profile: str) -> Handy:
        started = virtual.up([profile], server=self.server, home=self.home)[0]
        phone = Server(self.server).phone(started.serial)
        info = probe(phone)
        binary = runner_binary(info.target)
        file = LocalFile(
            what="the runner",
            path=binary.path,
            sha256=binary.sha256,
            size_bytes=binary.size_bytes,
            executable=True,
        )
        ensure_runner(phone, file, lambda *_: None)
        return Handy(home=self.home, server=self.server, name=started.name, phone=phone, info=info, file=file)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    reason = virtual.why_not()
    if reason is not None:
        pytest.skip(reason)
    import adbutils

    home = tmp_path_factory.mktemp("conditions")
    adb = Path(adbutils.__file__).parent / "binaries" / "adb"
    yield Lab(home=home, server=virtual.private_server(home=home, adb=str(adb)))
    virtual.down(None, home=home)
    virtual.stop_private_server(home=home)


@pytest.fixture(scope="session")
def poco(lab: Lab) -> Handy:
    """Android 14."""
    return lab.phone("poco-f6")


@pytest.fixture(scope="session")
def oppo(lab: Lab) -> Handy:
    """Android 5.1: a shell without exit codes, toolbox."""
    return lab.phone("oppo-a37f")
