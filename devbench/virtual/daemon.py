"""The process behind one virtual phone: an adbd on loopback, and the phone's init below it.

`python -m devbench.virtual.daemon FOLDER` reads FOLDER/spec.json, says on stdout in one JSON line whether the
phone is up, and then serves until it is told to stop. It is a session of its own and outlives whoever started
it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path

from devbench.errors import DevbenchError
from devbench.virtual import control
from devbench.virtual.adbd import Adbd
from devbench.virtual.auth import key_files
from devbench.virtual.records import PhoneRecord, PhoneSpec, read_spec, write_record


def main() -> None:
    """Forks once, so that whoever started it has no child to wait for."""
    if os.fork():
        os._exit(0)
    os.setsid()
    folder = Path(sys.argv[1])
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        spec = read_spec(folder)
        asyncio.run(serve(folder, spec))
    except BlockingIOError:
        answer({"error": f"{folder.name} is running already", "fix": None})
    except DevbenchError as error:
        answer({"error": error.message, "fix": error.fix})
    except OSError as error:
        answer({"error": str(error), "fix": None})
    sys.stdout.flush()
    os._exit(0)


def answer(reply: dict[str, object]) -> None:
    """The one line that whoever started this process waits for; afterwards nobody reads."""
    with contextlib.suppress(OSError):
        os.write(1, json.dumps(reply).encode() + b"\n")
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.close(null)


async def serve(folder: Path, spec: PhoneSpec) -> None:
    """Up, until a signal or the control socket says stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    keys = (*key_files(os.environ), *map(Path, spec.keys))
    adbd = Adbd(folder, spec, keys=keys, machine=platform.machine())
    await adbd.switch_on()
    try:
        listener = await control.listen(folder, adbd, stop)
        record = PhoneRecord(
            name=spec.name, profile=spec.profile, serialno=adbd.profile.serialno, port=adbd.port, pid=os.getpid(),
            core=spec.core, server=spec.server, started_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )  # fmt: skip
        write_record(folder, record)
        answer({"port": adbd.port})
        async with listener:
            await stop.wait()
    finally:
        (folder / "phone.json").unlink(missing_ok=True)
        await adbd.switch_off()


if __name__ == "__main__":
    main()
