"""A session in a process of its own, which a test may kill: changes a phone's settings, says `ready`, and
lives, with its heartbeat, until it is given a line.

session_child.py HOST PORT SERIAL RUNNER JOBS TIMEOUT_S succeed|fail
"""

from __future__ import annotations

import select
import sys

from devbench.adb import Server, ServerAddress
from devbench.conditions import Guard, tweaked
from devbench.devices import probe


def main() -> None:
    host, port, serial, runner, jobs, timeout_s, end = sys.argv[1:]
    phone = Server(ServerAddress(host=host, port=int(port))).phone(serial)
    guard = Guard(runner=runner, protocol="1", jobs=jobs, timeout_s=int(timeout_s))

    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    with tweaked(phone, probe(phone), guard, told=say) as tweaks:
        say("ready")
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            tweaks.heartbeat()
        if end == "fail":
            raise RuntimeError("the session failed")


main()
