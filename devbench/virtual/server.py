"""An adb server of our own, so that a run on virtual phones neither needs nor disturbs the user's.

It has its own home folder (hence its own key), sees no USB phones, and is found again by server.json.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from devbench.adb.server import Server, ServerAddress, adb_binary
from devbench.virtual.errors import VirtualPhoneError

_START_S = 15.0


def key_of(home: Path) -> Path:
    """The public key that the private server signs with."""
    return home / "adb" / ".android" / "adbkey.pub"


def private_server(home: Path, adb: str | None) -> ServerAddress:
    """Starts it, or finds it running."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with locked(home / "server.lock"):
        found = _find(home)
        if found is not None:
            return found
        address = ServerAddress(port=_free_port())
        _start(home, address, adb)
        return address


def stop_private_server(home: Path) -> None:
    if not home.is_dir():
        return
    with locked(home / "server.lock"):
        pid = _read(home).get("pid", 0)
        if pid and _is_ours(pid, home):
            os.kill(pid, signal.SIGTERM)
            _wait_end(pid)
        (home / "server.json").unlink(missing_ok=True)


def _find(home: Path) -> ServerAddress | None:
    record = _read(home)
    if not record or not _is_ours(record["pid"], home):
        return None
    address = ServerAddress(port=record["port"])
    return address if Server(address).listening() else None


def _read(home: Path) -> dict[str, int]:
    try:
        record: dict[str, int] = json.loads((home / "server.json").read_text())
    except (OSError, ValueError):
        return {}
    return record


def _start(home: Path, address: ServerAddress, adb: str | None) -> None:
    """Under its own home folder; without USB, emulators and mDNS, which belong to the user's server."""
    folder = key_of(home).parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    binary = str(adb_binary(adb))
    env = {
        "HOME": str(folder.parent), "ANDROID_SDK_HOME": str(folder.parent), "PATH": os.defpath, "LANG": "C.UTF-8",
        "ADB_USB": "0", "ADB_EMU": "0", "ADB_MDNS": "0", "ADB_MDNS_OPENSCREEN": "0", "ADB_LIBUSB": "0",
    }  # fmt: skip
    # a shell between us, so that the server is nobody's child and can outlive this process
    command = ["/bin/sh", "-c", '"$@" > "$0" 2>&1 < /dev/null & echo $!', str(home / "server.log")]
    command += [binary, "-L", f"tcp:localhost:{address.port}", "server", "nodaemon"]
    started = subprocess.run(command, env=env, stdout=subprocess.PIPE, start_new_session=True, check=True)
    pid = int(started.stdout)
    limit = time.monotonic() + _START_S
    server = Server(address)
    while not (server.listening() and key_of(home).exists()):
        if not Path(f"/proc/{pid}").exists() or time.monotonic() > limit:
            raise VirtualPhoneError(
                "the private adb server did not start",
                fix=f"see {home / 'server.log'}; another adb: ADB=/path/to/adb",
            )
        time.sleep(0.02)
    (home / "server.json").write_text(json.dumps({"pid": pid, "port": address.port}))


def _is_ours(pid: int, home: Path) -> bool:
    """Whether `pid` is still the server that was started under this home, not a number used anew."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"ANDROID_SDK_HOME={home / 'adb'}".encode() in environ.split(b"\0")


def _wait_end(pid: int) -> None:
    limit = time.monotonic() + 5
    while time.monotonic() < limit:
        try:
            ended = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            return
        if ended:
            return
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One process at a time."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
