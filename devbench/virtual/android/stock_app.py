"""Stands in for TFLite's benchmark app: a virtual phone has no virtual machine to load its library into.

An APK whose library is a program of this computer is started as one, with the app's flags, and what it prints goes
into the log as the app's would. Any other is refused: this phone cannot run it.
"""

from __future__ import annotations

import os
import re
import struct

from devbench.virtual.android.app import tell_signal
from devbench.virtual.android.call import Call
from devbench.virtual.android.handset import Handset
from devbench.virtual.android.log import Entry
from devbench.virtual.init import SHELL_UID
from devbench.virtual.pipes import pipe_for

PACKAGE = "org.tensorflow.lite.benchmark"
ACTIVITIES = (f"{PACKAGE}/.BenchmarkModelActivity", f"{PACKAGE}/{PACKAGE}.BenchmarkModelActivity")
LIBRARY = "libtensorflowlite_benchmark.so"
_PT_INTERP = 3
_SEVERITY = re.compile(r"(INFO|WARN|ERROR|FATAL|VERBOSE): ")


async def start(call: Call, extras: dict[str, str]) -> bool:
    """Begin what `onCreate` does; False for an APK that needs a virtual machine."""
    handset = call.handset
    program = f"{handset.state.packages[PACKAGE]['libraries']}/{LIBRARY}"
    try:
        descriptor = await handset.running.open(program, os.O_RDONLY)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        if not is_program(file.read(4096)):
            return False
    handset.state.screen_on = True
    handset.begin(run(handset, program, extras.get("args", extras.get("--args", ""))))
    return True


def is_program(head: bytes) -> bool:
    """Whether an ELF file of 64 bits names a loader, as programs do and libraries do not."""
    if len(head) < 64 or head[:5] != b"\x7fELF\x02":
        return False
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    kinds = (head[offset + size * index :][:4] for index in range(count))
    return any(kind == struct.pack("<I", _PT_INTERP) for kind in kinds)


async def run(handset: Handset, program: str, args: str) -> None:
    """The activity: it names its flags, and its library's lines follow under the tag that it logs by."""
    end, given = pipe_for(SHELL_UID, ours_reads=True)
    null = await handset.running.open("/dev/null", os.O_RDWR)
    try:
        pid = await handset.running.spawn([program, *args.split()], {"PATH": "/system/bin"},
                                          [null, given, given], handset.cpus, terminal=False)  # fmt: skip
    finally:
        os.close(given)
        os.close(null)
    handset.apps[PACKAGE] = pid
    asked = f"Running TensorFlow Lite benchmark with args: {args}"
    write(handset, pid, "tflite_BenchmarkModelActivity", asked)
    rest = b""
    while data := await end.read():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            write(handset, pid, "tflite", line.decode(errors="replace"))
    end.close()
    code = await handset.running.wait(pid)
    if code < 0:
        tell_signal(handset, pid, -code)
    if handset.apps.get(PACKAGE) == pid:
        del handset.apps[PACKAGE]


def write(handset: Handset, pid: int, tag: str, text: str) -> None:
    """One entry: a severity that the program names in words is the entry's own."""
    found = _SEVERITY.match(text)
    priority = {"FATAL": "E"}.get(found[1], found[1][0]) if found else "I"
    text = text[found.end() :] if found else text
    wall_s = handset.clock.wall_s()
    handset.log.add(Entry(wall_s=wall_s, pid=pid, tid=pid, priority=priority, tag=tag, text=text))
