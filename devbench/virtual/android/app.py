"""Stands in for the app `dev.devbench.runner`: a virtual phone has no virtual machine to run its Java.

It reads the extras and the plan that the Java reads (android-runner/PROTOCOL.md), runs the same C core as a
program, and writes the same file and log entries. The phone says so: `app` is among its simulated parts.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from dataclasses import dataclass, field
from typing import Any

from devbench.virtual.android.call import Call
from devbench.virtual.android.handset import Handset
from devbench.virtual.android.log import Entry
from devbench.virtual.init import SHELL_UID
from devbench.virtual.layout import CORE
from devbench.virtual.pipes import pipe_for

PACKAGE = "dev.devbench.runner"
ACTIVITIES = (f"{PACKAGE}/.RunActivity", f"{PACKAGE}/{PACKAGE}.RunActivity")
FILES = f"/sdcard/Android/data/{PACKAGE}/files"
_OWN = frozenset({"nonce", "mode", "command", "out", "err"})
_PIECE = 3000


@dataclass(slots=True, kw_only=True)
class Job:
    """One start of the activity: its lines, as the Java and the core write them."""

    handset: Handset
    nonce: str
    file: int
    _number: int = field(default=0)

    def line(self, text: str) -> None:
        """Into the file, and framed into the log."""
        os.write(self.file, f"{text}\n".encode())
        pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)] or [""]
        for number, piece in enumerate(pieces, 1):
            entry = f"{self.nonce} {self._number} {number}/{len(pieces)} {piece}"
            wall_s = self.handset.clock.wall_s()
            self.handset.log.add(Entry(wall_s=wall_s, pid=0, tid=0, priority="I", tag="devbench", text=entry))
        self._number += 1

    def fail(self, kind: str, message: str) -> None:
        """An error of the app's own and the end, as Main.failure and Lines.exit write them."""
        quoted = message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\u000a")
        self.line(f'{{"event":"error","kind":"{kind}","step":"app","message":"{quoted}","code":null}}')
        self.line('{"event":"exit","code":1,"signal":null}')


async def start(call: Call, extras: dict[str, str]) -> None:
    """What `onCreate` begins: it goes on when `am` has returned."""
    handset = call.handset
    nonce = extras.get("nonce", "null")
    init = handset.running
    await init.ask("fs", name="folders", path=FILES)
    name = nonce.rsplit("/", 1)[-1]
    mode = 0o200 if handset.private_files else 0o644
    fd = await init.open(f"{FILES}/{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode)
    handset.state.screen_on = True  # the window's flags turn it on
    handset.begin(run(Job(handset=handset, nonce=nonce, file=fd), extras))


async def run(job: Job, extras: dict[str, str]) -> None:
    """The measuring thread."""
    try:
        text = extras.get("plan")
        if text is None:
            text = await job.handset.read_text(extras.get("plan_file", "null"))
        plan = parse_plan(text, job.nonce)
        await measure(job, plan)
    except ValueError as error:
        job.fail("usage", str(error))
    except OSError as error:
        job.fail("engine", f"java.io.IOException: {error.strerror}")
    finally:
        os.close(job.file)


def parse_plan(text: str, nonce: str) -> list[tuple[str, str]]:
    """The plan's words; ValueError in the words of Plan.java."""
    if not re.fullmatch(r"[0-9a-z-]{1,64}", nonce):
        raise ValueError("the nonce is missing, or not of 1 to 64 letters, digits and dashes")
    pairs = []
    for line in filter(None, text.split("\n")):
        key, equals, value = line.partition("=")
        if not equals or not key:
            raise ValueError(f"'{line}' is not KEY=VALUE")
        pairs.append((key, value))
    if dict(reversed(pairs)).get("nonce") != nonce:
        raise ValueError(f"the plan is not the one of nonce {nonce}")
    return pairs


async def measure(job: Job, pairs: list[tuple[str, str]]) -> None:
    handset, plan = job.handset, dict(reversed(pairs))
    package = handset.state.packages[PACKAGE]
    command, mode = plan.get("command", "run"), plan.get("mode", "foreground")
    if command not in ("run", "info"):
        raise ValueError(f"command {command} is not simulated by this phone")
    places = {"apk:": f"{package['libraries']}/", "copy:": "", "files:": f"{FILES}/"}
    words = [f"{key}={placed(value, places)}" for key, value in pairs if key not in _OWN]
    if command == "run":
        words += [f"err={FILES}/{job.nonce}.err", f"nonce={job.nonce}"]
    end, given = pipe_for(SHELL_UID, ours_reads=True)
    null = await handset.running.open("/dev/null", os.O_RDWR)
    try:
        pid = await handset.running.spawn([CORE, "1", command, *words], {"PATH": "/system/bin"},
                                          [null, given, null], handset.cpus, terminal=False)  # fmt: skip
    finally:
        os.close(given)
        os.close(null)
    handset.apps[PACKAGE] = pid
    sdk, uid = handset.profile.sdk, package["uid"]
    job.line(
        f'{{"event":"app","mode":"{mode}","pid":{pid},"placed":true,"locked":false,"screen_on":true,"uid":{uid},'
        f'"sdk":{sdk},"vm":"none (simulated)"}}'
    )
    rest = b""
    while data := await end.read():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            job.line(line.decode(errors="replace"))
    end.close()
    code = await handset.running.wait(pid)
    handset.apps.pop(PACKAGE, None)
    if code >= 0:
        job.line(f'{{"event":"exit","code":{code},"signal":null}}')
    else:
        tell_signal(handset, pid, -code)


def tell_signal(handset: Handset, pid: int, number: int) -> None:
    """Who was ended by a signal writes no more; the zygote, whose child it was, does."""
    said = f"Process {pid} exited due to signal {number} ({signal.strsignal(number)})"
    wall_s = handset.clock.wall_s()
    handset.log.add(Entry(wall_s=wall_s, pid=1, tid=1, priority="I", tag="Zygote", text=said))


def placed(value: str, places: dict[str, str]) -> str:
    for prefix, folder in places.items():
        if value.startswith(prefix):
            return folder + value.removeprefix(prefix)
    return value


async def force_stop(handset: Handset, package: str) -> None:
    """Ends the process of an app, if it has one."""
    pid: Any = handset.apps.pop(package, None)
    if pid is not None:
        with contextlib.suppress(OSError):
            await handset.running.signal(pid, signal.SIGKILL, group=True)
