"""Virtual phones for tests: each lab has a home folder and an adb server of its own, never the user's."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from devbench import virtual
from devbench.adb.server import ServerAddress
from devbench.virtual import VirtualPhone


@functools.cache
def wheel_adb() -> str:
    import adbutils

    return str(Path(adbutils.__file__).parent / "binaries" / "adb")


@functools.cache
def debian_adb() -> str | None:
    """Debian's adb 29, if it is the one on PATH."""
    path = shutil.which("adb")
    if path is None:
        return None
    version = subprocess.run([path, "version"], capture_output=True, text=True, check=True).stdout
    return path if "29.0" in version else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A home folder, an adb server, and an adb program that talks to it."""

    home: Path
    server: ServerAddress
    adb: str

    def up(self, *profiles: str, faults: Sequence[str] = (), seed: int = 0) -> tuple[VirtualPhone, ...]:
        return virtual.up(profiles, server=self.server, home=self.home, faults=faults, seed=seed)

    def run(
        self, phone: VirtualPhone | None, *words: str, data: bytes | None = None, timeout_s: float = 60
    ) -> subprocess.CompletedProcess[bytes]:
        """`adb …` on that phone; standard input is empty unless there is `data`."""
        command = [self.adb, "-P", str(self.server.port), *(["-s", phone.serial] if phone else []), *words]
        return subprocess.run(command, input=data or b"", capture_output=True, timeout=timeout_s, check=False)

    def shell(self, phone: VirtualPhone, command: str) -> str:
        """What a command prints, CR LF of old phones undone."""
        return self.run(phone, "shell", command).stdout.decode(errors="replace").replace("\r\n", "\n")


@pytest.fixture(scope="session")
def allowed() -> None:
    reason = virtual.why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def make_lab(
    allowed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str | None], Lab]]:
    made: list[Path] = []

    def make(adb: str | None = None) -> Lab:
        home = tmp_path_factory.mktemp("virtual")
        made.append(home)
        address = virtual.private_server(home=home, adb=adb or wheel_adb())
        return Lab(home=home, server=address, adb=adb or wheel_adb())

    yield make
    for home in made:
        virtual.down(None, home=home)
        virtual.stop_private_server(home=home)


@pytest.fixture(scope="session")
def lab(make_lab: Callable[[str | None], Lab]) -> Lab:
    """The lab that most tests share; a test that breaks a phone takes one of its own name."""
    return make_lab(None)


@pytest.fixture(scope="session")
def pixel(lab: Lab) -> VirtualPhone:
    return lab.up("pixel-2-xl")[0]


@pytest.fixture(scope="session")
def oppo(lab: Lab) -> VirtualPhone:
    return lab.up("oppo-a37f")[0]


@pytest.fixture(scope="session")
def poco(lab: Lab) -> VirtualPhone:
    return lab.up("poco-f6")[0]
