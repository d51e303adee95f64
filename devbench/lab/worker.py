"""The process behind one phone of an agent: a desk, and a Dask worker that connects it to the scheduler.

`python -m devbench.lab.worker` reads one JSON line of settings from standard input and ends when that is closed, as
the kernel does when the agent dies. A lost scheduler is connected to again; the session goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin

from devbench.lab.dask_settings import DESK, configure, resources_of
from devbench.lab.desk import Desk, Places, answer

_AGAIN_S = 2.0


class Link(WorkerPlugin):  # type: ignore[misc]
    """The desk as a plugin of one Dask worker; `gone` once that worker has lost its scheduler."""

    name = DESK

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.gone = threading.Event()

    def setup(self, worker: Any) -> None:
        async def operation(request: bytes = b"", data: bytes = b"") -> tuple[bytes, bytes]:
            return await asyncio.to_thread(answer, self.desk, request, data)

        worker.handlers[DESK] = operation

    def teardown(self, worker: Any) -> None:
        self.gone.set()


def main() -> None:
    """Until standard input ends."""
    from devbench.adb import PushSlots, Server, ServerAddress
    from devbench.devices import select

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the agent gets it too, and closes our standard input
    settings = json.loads(sys.stdin.readline())
    configure()
    home = Path(settings["home"])
    server = Server(
        ServerAddress(host=settings["adb_host"], port=settings["adb_port"]), adb=settings["adb"],
        push_slots=PushSlots(home / "pushes"),
    )  # fmt: skip
    found = select(server, settings["serial"]).devices
    if not found:
        sys.exit(f"{settings['device']} is gone again")
    places = Places(lab=home / "lab", **{name: Path(path) for name, path in settings["places"].items()})
    desk = Desk(server, found[0], places)
    threading.Thread(target=_until_closed, args=(desk,), daemon=True).start()
    asyncio.run(_serve(desk, settings))
    desk.join()
    sys.stdout.flush()
    os._exit(0)  # Dask's threads may still wait for a scheduler that is gone


def _until_closed(desk: Desk) -> None:
    sys.stdin.read()
    desk.close()


async def _serve(desk: Desk, settings: dict[str, Any]) -> None:
    """Connected as long as possible, until the desk closes."""
    while not desk.closing.is_set():
        try:
            await _connected(desk, settings)
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            print(f"no connection to the scheduler: {error or type(error).__name__}", file=sys.stderr, flush=True)
        for _ in range(int(_AGAIN_S / 0.1)):
            if not desk.closing.is_set():
                await asyncio.sleep(0.1)


async def _connected(desk: Desk, settings: dict[str, Any]) -> None:
    """One Dask worker from its connection to the loss of it."""
    from devbench.lab.keys import is_loopback, load_security, parse_address

    host = settings["address"] or ("127.0.0.1" if is_loopback(parse_address(settings["scheduler"])[0]) else None)
    link = Link(desk)
    worker = Worker(
        f"tls://{settings['scheduler']}", name=desk.info.device, nthreads=1, memory_limit=0, host=host,
        security=load_security(Path(settings["keys"]), address=settings["scheduler"]), dashboard=False,
        dashboard_address="127.0.0.1:0", resources=resources_of(desk.info.device, desk.info.model),
        local_directory=str(Path(settings["home"]) / "lab" / "dask"), plugins=(link,),
    )  # fmt: skip
    try:
        await worker
        print("connected", flush=True)
        closed = asyncio.create_task(worker.finished())
        while not closed.done() and not desk.closing.is_set():
            await asyncio.wait({closed}, timeout=0.2)
        if not desk.closing.is_set():
            print("lost the scheduler", flush=True)
        else:
            await asyncio.to_thread(desk.join)  # its answer still goes to the scheduler
            await asyncio.sleep(0.5)
    finally:
        link.gone.set()
        await worker.close(timeout=2, executor_wait=False, nanny=False)


if __name__ == "__main__":
    main()
