"""From `--device` to an adb server: the user's, a remote one, or the private one of virtual phones."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.cli.environment import Environment
from devbench.errors import UsageError

if TYPE_CHECKING:
    from devbench.adb import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to look, and for which phones there (`spec` as devices.select takes it)."""

    server: Server
    spec: str


@contextlib.contextmanager
def target_of(device: str, environment: Environment) -> Iterator[Target]:
    """`virtual` starts the default virtual phones, or finds them running, and stops those that it started."""
    from devbench.adb import PushSlots, Server, ServerAddress

    slots = PushSlots(environment.pushes)
    parts = [part.strip() for part in device.split(",") if part.strip()]
    if "virtual" in parts:
        if parts != ["virtual"]:
            raise UsageError("--device virtual stands alone", fix="run once with it and once without")
        with _virtual(environment) as target:
            yield target
        return
    remote = {part.rpartition("/")[0] for part in parts if "/" in part}
    if len(remote) > 1 or (remote and len(remote) != len({p.rpartition("/")[0] for p in parts})):
        raise UsageError("--device: phones of one run are on one adb server", fix="a run for each server")
    if remote:
        host, colon, port = remote.pop().rpartition(":")
        if not colon or not port.isdigit():
            raise UsageError(f"--device {device}: expected host:port/serial")
        server = Server(ServerAddress(host=host, port=int(port)), adb=environment.adb, push_slots=slots)
        spec = ",".join(part.rpartition("/")[2] for part in parts)
    else:
        address = ServerAddress(host=environment.adb_host, port=environment.adb_port)
        server = Server(address, adb=environment.adb, push_slots=slots)
        spec = ",".join(parts) or "all"
    server.ensure()
    yield Target(server=server, spec=spec)


@contextlib.contextmanager
def _virtual(environment: Environment) -> Iterator[Target]:
    from devbench import virtual
    from devbench.adb import Server
    from devbench.virtual.borrowed import borrowed

    home = environment.home / "virtual"
    with borrowed(virtual.DEFAULT_PHONES, home=home, adb=environment.adb) as found:
        spec = ",".join(phone.serial for phone in found.phones)
        yield Target(server=Server(found.server, adb=environment.adb), spec=spec)
