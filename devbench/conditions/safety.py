"""The net under every change: an undo list on the phone and a watchdog there, both before the first change.

The list lies in a folder of its own below /data/local/tmp, so it outlives a reboot of the phone, which the
watchdog does not: the next session on that phone finds the list and puts things back.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devbench.adb import ShellResult
from devbench.conditions.look import Shell
from devbench.errors import DeviceError

FOLDER = "/data/local/tmp/devbench/undo"
TIMEOUT_S = 600
DEADLINE_S = 60.0
# before Android 8 a command and all around it may have 4096 bytes
_CHUNK_CHARS = 1500
_RUNNING_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """How to start the watchdog: the runner's path on the phone, its protocol, and what a job holds a lock in.

    `jobs` is a file, or a folder: nothing is put back while a file directly in it is locked by a job.
    """

    runner: str
    protocol: str
    jobs: str
    timeout_s: int = TIMEOUT_S

    def command(self, undo: str, heartbeat: str) -> str:
        words = [self.runner, self.protocol, "watchdog", f"undo={undo}", f"job={self.jobs}"]
        return shlex.join([*words, f"heartbeat={heartbeat}", f"timeout_s={self.timeout_s}", "detach=1"])


class Net:
    """One session's undo list, heartbeat and watchdog on one phone."""

    def __init__(self, phone: Shell, guard: Guard, *, folder: str = FOLDER) -> None:
        self._phone = phone
        self._guard = guard
        self._folder = folder
        name = secrets.token_hex(6)
        self.undo = f"{folder}/{name}.undo"
        self.heartbeat = f"{folder}/{name}.heartbeat"

    def spread(self, undo: Sequence[str]) -> None:
        """The list is on the phone and watched, or a DeviceError: then nothing may be changed."""
        try:
            self._write(undo)
            answer = self._shell(self._guard.command(self.undo, self.heartbeat))
            if not _started(answer.stdout):
                text = (answer.stdout + answer.stderr).strip()[-300:] or "no answer"
                raise DeviceError(f"no watchdog: {text}", serial=self._phone.serial)
        except DeviceError:
            with contextlib.suppress(DeviceError):
                self._shell(f"rm -f {self.undo} {self.undo}.part {self.heartbeat}")
            raise

    def _write(self, undo: Sequence[str]) -> None:
        self._shell(f"mkdir -p {self._folder} && : >{self.undo}.part", check=True)
        for chunk in _chunks(undo):
            self._shell(f"cat >>{self.undo}.part <<'DEVBENCH'\n{chunk}\nDEVBENCH", check=True)
        self._shell(f"mv {self.undo}.part {self.undo} && echo >{self.heartbeat}", check=True)
        kept = self._shell(f"cat {self.undo}").stdout.split("\n")
        if [line for line in kept if line] != list(undo):
            raise DeviceError("the undo list arrived damaged", serial=self._phone.serial)

    def beat(self) -> bool:
        """The host is there: the watchdog waits on, which looks at the file's time of change. False: too late."""
        return "here" in self._shell(f"[ -f {self.undo} ] && echo >{self.heartbeat} && echo here").stdout

    def pull_in(self) -> None:
        """Puts everything back. The list goes last: whoever is cut off in between leaves it to the watchdog.

        Its lines say what a value was, not how to change it, so that running them twice does no harm.
        """
        self._shell(
            f"[ -f {self.undo} ] && echo >{self.heartbeat}; {_run(self.undo)}; {_wait_for(self.undo)}; "
            f"rm -f {self.heartbeat}"
        )

    def _shell(self, command: str, *, check: bool = False) -> ShellResult:
        return self._phone.shell(command, deadline_s=DEADLINE_S, check=check)


def settle(phone: Shell, *, folder: str = FOLDER) -> int:
    """Puts back what a session left that ended without doing so, and whose watchdog is gone or has yet to act.

    The number of lists that were found.
    """
    script = (
        f"for u in {folder}/*.undo {folder}/*.undo.running; do [ -f $u ] || continue; "
        f"u=${{u%.running}}; {_wait_for('$u')}; {_run('$u')}; {_run('$u.running')}; echo settled; done; "
        f"rm -f {folder}/*.heartbeat {folder}/*.part"
    )
    return phone.shell(script, deadline_s=DEADLINE_S).stdout.count("settled")


def _run(undo: str) -> str:
    return f"if [ -f {undo} ]; then sh {undo} </dev/null >/dev/null 2>&1; rm -f {undo}; fi"


def _wait_for(undo: str) -> str:
    """A watchdog that is at work is let finish: what it undoes late would undo the next session's changes."""
    return f"n=0; while [ -f {undo}.running ] && [ $n -lt {_RUNNING_S} ]; do sleep 1; n=$((n+1)); done"


def _chunks(lines: Sequence[str]) -> Iterator[str]:
    chunk: list[str] = []
    for line in lines:
        if chunk and sum(map(len, chunk)) + len(chunk) + len(line) > _CHUNK_CHARS:
            yield "\n".join(chunk)
            chunk = []
        chunk.append(line)
    if chunk:
        yield "\n".join(chunk)


def _started(text: str) -> bool:
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue  # linker warnings of old Androids stand between the lines
        if isinstance(event, dict) and event.get("event") == "started":
            return True
    return False
