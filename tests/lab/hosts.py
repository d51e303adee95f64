"""A lab's hosts as a user starts them, each with a home and with phones of its own on one adb server."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from started import Devbench, make_devbench

from devbench import virtual

DEADLINE_S = 120.0


def until(condition: Callable[[], bool], what: str, *, within_s: float = DEADLINE_S) -> None:
    """Waits for a condition; the test fails with `what` when it does not come."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, f"not within {within_s:g} s: {what}"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(kw_only=True)
class Host:
    """A computer with phones, and its agent, whose output is in `log`."""

    devbench: Devbench
    home: Path
    phones: tuple[virtual.VirtualPhone, ...]
    log: Path
    agent: subprocess.Popen[bytes] | None = None

    def said(self, text: str) -> int:
        return self.log.read_text().count(text)

    def until_connected(self, count: int) -> None:
        """Phones of this host were made known to a scheduler so often."""
        until(lambda: self.said(": connected") >= count, f"{count} connections of {self.log}")

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        assert self.agent is not None
        self.agent.kill()
        self.agent.wait()
        self.agent = None


@dataclass(kw_only=True)
class LabOfProcesses:
    """`address` stays the same when the scheduler is started anew."""

    base: Path
    keys: Path
    port: int
    scheduler: subprocess.Popen[bytes] | None = None
    hosts: list[Host] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """Of the virtual phones."""
        return self.base / "phones"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def submitter(self) -> Devbench:
        folder = self.base / "submitter"
        folder.mkdir(exist_ok=True)
        return make_devbench(folder, folder / "home", 1)

    @property
    def options(self) -> list[object]:
        return ["--lab", self.address, "--lab-keys", self.keys]

    def start_scheduler(self, *, phone_wait_s: float = 300) -> None:
        words = ["lab", "scheduler", "--listen", self.address, "--keys", self.keys, "--phone-wait", phone_wait_s]
        self.scheduler = _started(self.submitter, self.base / "scheduler.log", *words)

    def kill_scheduler(self) -> None:
        assert self.scheduler is not None
        self.scheduler.kill()
        self.scheduler.wait()

    def start_phones(self, *profiles: str) -> tuple[virtual.VirtualPhone, ...]:
        server = virtual.private_server(home=self.home)
        return virtual.up(profiles, server=server, home=self.home, share_cores=True)

    def add_host(self, name: str, phones: Sequence[virtual.VirtualPhone]) -> Host:
        base = self.base / name
        base.mkdir()
        home, port = base / "home", virtual.private_server(home=self.home).port
        made = make_devbench(base, home, port)
        self.hosts.append(Host(devbench=made, home=home, phones=tuple(phones), log=base / "agent.log"))
        self.start_agent(self.hosts[-1])
        return self.hosts[-1]

    def start_agent(self, host: Host) -> None:
        serials = ",".join(phone.serial for phone in host.phones)
        words = ["agent", "--scheduler", self.address, "--keys", self.keys, "--device", serials]
        host.agent = _started(host.devbench, host.log, *words)

    def until_connected(self) -> None:
        """Every phone of every host is known to the scheduler."""
        for host in self.hosts:
            host.until_connected(len(host.phones))


def _started(devbench: Devbench, log: Path, *words: object) -> subprocess.Popen[bytes]:
    with open(log, "ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "devbench", *map(str, words)], cwd=devbench.folder, env=devbench.environment,
            stdout=file, stderr=file, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@contextlib.contextmanager
def lab_of_processes(base: Path) -> Iterator[LabOfProcesses]:
    """An empty lab with keys; all that was started in it is ended."""
    from devbench.lab.keys import make_keys

    keys = base / "keys"
    make_keys(keys)
    lab = LabOfProcesses(base=base, keys=keys, port=free_port())
    try:
        yield lab
    finally:
        for process in [*(host.agent for host in lab.hosts), lab.scheduler]:
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(100)
        virtual.down(None, home=lab.home)
        virtual.stop_private_server(home=lab.home)
