"""What the commands of a phone work on: its profile, its state, its clock and its processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import PurePosixPath

from devbench.virtual.android.body import Body
from devbench.virtual.android.log import Log
from devbench.virtual.android.state import State
from devbench.virtual.clock import Clock
from devbench.virtual.phone import Init
from devbench.virtual.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A living process of the phone, times in clock ticks."""

    pid: int
    name: str
    utime_ticks: int
    stime_ticks: int
    minor_faults: int
    major_faults: int
    state: str
    parent: int
    vsize_bytes: int
    rss_pages: int


class Handset:
    """The parts of one phone that outlive its reboots, and its init, which does not."""

    def __init__(self, profile: Profile, state: State, clock: Clock, body: Body, log: Log) -> None:
        self.profile = profile
        self.state = state
        self.clock = clock
        self.body = body
        self.log = log
        self.init: Init | None = None
        self.last_processes: dict[int, Process] = {}
        self.last_scan_s = clock.now_s()
        self.sessions = 0
        self.cpus: list[int] = []
        self.abis: tuple[str, ...] = ()  # of apps that can be run here
        self.apps: dict[str, int] = {}
        self.private_files = False
        self._jobs: set[asyncio.Task[None]] = set()
        self.reboot: Callable[[], None] = lambda: None

    @property
    def running(self) -> Init:
        if self.init is None:
            raise ConnectionResetError("the phone is off")
        return self.init

    def begin(self, job: Coroutine[None, None, None]) -> None:
        """Something that goes on when the command that began it has ended."""
        task = asyncio.get_running_loop().create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def processes(self) -> tuple[list[Process], int]:
        """What runs now, and the clock ticks of all that ran since the phone was switched on."""
        value, _ = await self.running.ask("processes")
        living = [parse_stat(line) for line in value["living"]]
        ticks = sum(value["reaped"]) + sum(p.utime_ticks + p.stime_ticks for p in living)
        return living, ticks

    async def feel(self) -> Body:
        """The phone's warmth and battery as of now."""
        with contextlib.suppress(OSError):
            _, ticks = await self.processes()
            self.body.advance(self.clock.now_s(), ticks / os.sysconf("SC_CLK_TCK"))
        return self.body

    async def read_text(self, path: str) -> str:
        """A file of the phone; OSError as its kernel answers."""
        fd = await self.running.open(path, os.O_RDONLY)
        with os.fdopen(fd, "rb") as file:
            return file.read().decode(errors="replace")

    async def process_name(self, process: Process) -> str:
        """As Android shows it: the base name of what was started, or the kernel's short name."""
        with contextlib.suppress(OSError):
            argv = (await self.read_text(f"/proc/{process.pid}/cmdline")).split("\0")
            if argv[0]:
                return PurePosixPath(argv[0]).name
        return process.name


def parse_stat(line: str) -> Process:
    """A line of /proc/PID/stat; the name may hold anything but is the only thing in parentheses."""
    pid, _, rest = line.partition(" (")
    name, _, after = rest.rpartition(") ")
    fields = after.split()
    return Process(
        pid=int(pid),
        name=name,
        state=fields[0],
        parent=int(fields[1]),
        minor_faults=int(fields[7]),
        major_faults=int(fields[9]),
        utime_ticks=int(fields[11]),
        stime_ticks=int(fields[12]),
        vsize_bytes=int(fields[20]),
        rss_pages=int(fields[21]),
    )
