"""Phones are started, found again and stopped here, by the records in `<home>/phones/<name>/`."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from devbench.adb.server import Server, ServerAddress
from devbench.errors import DevbenchError
from devbench.virtual import VirtualPhone, control
from devbench.virtual.cores import choose_core
from devbench.virtual.errors import VirtualPhoneError
from devbench.virtual.faults import parse_faults
from devbench.virtual.layout import Place, host_shell, layout
from devbench.virtual.phone import Init
from devbench.virtual.profile import load_profile, profile_names
from devbench.virtual.records import PhoneRecord, PhoneSpec, is_locked, read_record, write_spec
from devbench.virtual.server import key_of, locked
from devbench.virtual.tree import Emulator, emulators, read_tree

_START_S, _USABLE_S, _STOP_S = 30.0, 30.0, 10.0
_UNREACHABLE = ("offline", "unauthorized")


def up(
    profiles: Sequence[str], *, server: ServerAddress, home: Path, faults: Sequence[str], seed: int,
    tree: Path | None, emulator: Path | None, engines: Path | None, adb: str | None, share_cores: bool,
) -> tuple[VirtualPhone, ...]:  # fmt: skip
    parse_faults(faults)
    wanted = _wanted(profiles, tree, emulator)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / "phones").mkdir(exist_ok=True)
    adb_server = Server(server, adb=adb)
    adb_server.ensure()
    phones: list[VirtualPhone] = []
    with locked(home / "up.lock"):
        for profile, stem in wanted:
            name = _next_name(stem, [phone.name for phone in phones])
            folder = home / "phones" / name
            record = read_record(folder)
            if record is None:
                seen = tree.resolve() if tree else None
                spec = PhoneSpec(
                    name=name, profile=profile, serialno=_serialno(profile, stem, name), core=_core(home),
                    port=_last_port(folder), seed=seed, server=str(server), home=str(home),
                    keys=(str(key_of(home)),), faults=tuple(faults), tree=str(seen) if seen else None,
                    emulator=str(emulator.resolve()) if emulator else None,
                    engines=None if tree else _engines(engines), share_cores=share_cores,
                )  # fmt: skip
                record = _start(folder, spec)
            elif faults:
                control.ask(folder, {"do": "faults", "specs": list(faults)})
            phones.append(_phone(record, folder))
    expected = not any(spec.partition(":")[0] in _UNREACHABLE for spec in faults)
    for phone in phones:
        _connect(adb_server, phone, expected=expected)
    return tuple(phones)


def _wanted(profiles: Sequence[str], tree: Path | None, emulator: Path | None) -> list[tuple[str, str]]:
    """Profile and first part of the name of each phone; a tree's phones are not the default kind's."""
    if tree is None:
        return [(load_profile(name).name, name) for name in profiles]
    emulators(read_tree(tree.resolve()), emulator)
    mark = hashlib.sha256(f"{tree.resolve()}\0{emulator}".encode()).hexdigest()[:6]
    if not profiles:
        return [(f"android-{mark}", f"android-{mark}")]
    return [(load_profile(name).name, f"{name}-{mark}") for name in profiles]


def _engines(asked: Path | None) -> str | None:
    """A folder with engine libraries: the one asked for, else TensorFlow's, found without importing it."""
    if asked is not None:
        if not asked.is_dir():
            raise VirtualPhoneError(f"--engines {asked}: not a folder", fix="a folder with an engine's libraries")
        return str(asked.resolve())
    spec = importlib.util.find_spec("tensorflow")
    folders = spec.submodule_search_locations if spec else None
    return next(iter(folders)) if folders else None


def _next_name(stem: str, taken: Sequence[str]) -> str:
    """`stem`; a second phone of it in the same call is `-2`."""
    number = sum(name == stem or name.startswith(f"{stem}-") for name in taken)
    return stem if number == 0 else f"{stem}-{number + 1}"


def _serialno(profile: str, stem: str, name: str) -> str:
    """Fixed for a name: the profile's, with what tells this phone from others of it."""
    own = load_profile(profile).serialno if profile in profile_names() else profile
    return own + name.removeprefix(stem if stem == profile else profile).replace("-", "")


def _core(home: Path) -> int:
    return choose_core(r.core for other in (home / "phones").iterdir() if (r := read_record(other)))


def _last_port(folder: Path) -> int:
    """The port it had before, so that its address stays; 0 if it is new."""
    try:
        return int((folder / "port").read_text())
    except (OSError, ValueError):
        return 0


def _start(folder: Path, spec: PhoneSpec) -> PhoneRecord:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_spec(folder, spec)
    package = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {package!r}); from devbench.virtual.daemon import main; main()"
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd="/",
        )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as answers:
        ready, _, _ = select.select([answers], [], [], _START_S)
        line = answers.readline() if ready else b""
    process.wait()
    reply = (
        json.loads(line)
        if line
        else {"error": "its daemon did not come up", "fix": f"see {folder / 'daemon.log'}"}
    )
    if "error" in reply:
        raise VirtualPhoneError(f"{spec.name}: {reply['error']}", fix=reply.get("fix"))
    (folder / "port").write_text(str(reply["port"]))
    record = read_record(folder)
    if record is None:
        raise VirtualPhoneError(f"{spec.name} is gone again", fix=f"see {folder / 'daemon.log'}")
    return record


def _connect(server: Server, phone: VirtualPhone, *, expected: bool) -> None:
    """`adb connect`, until the server calls it `device` (`expected`), or has at least been told of it."""
    limit = time.monotonic() + _USABLE_S
    state, complaint = "absent", ""
    while time.monotonic() < limit:
        state = next((t.state for t in server.transports() if t.serial == phone.serial), "absent")
        if state == "device" or (not expected and state != "absent"):
            return
        if state in ("absent", "offline", "unauthorized"):
            try:
                server.connect(phone.serial)
            except DevbenchError as error:
                complaint = error.message
                if not expected:
                    return
        time.sleep(0.02)
    fix = "adb kill-server and try again: the server signs with a key that this phone does not know"
    raise VirtualPhoneError(f"{phone.name} stays {state} on {server.address}: {complaint}", fix=fix)


def running(*, home: Path) -> tuple[VirtualPhone, ...]:
    folder = home / "phones"
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(_phone(record, path) for path in found if (record := read_record(path)) is not None)


def _phone(record: PhoneRecord, folder: Path) -> VirtualPhone:
    return VirtualPhone(
        name=record.name, profile=record.profile, serial=f"127.0.0.1:{record.port}", serialno=record.serialno,
        port=record.port, pid=record.pid, root=folder / "root",
    )  # fmt: skip


def down(names_or_serials: Sequence[str] | None, *, home: Path) -> tuple[str, ...]:
    phones = running(home=home)
    if names_or_serials is not None:
        unknown = set(names_or_serials) - {value for phone in phones for value in (phone.name, phone.serial)}
        if unknown:
            raise VirtualPhoneError(
                f"no virtual phone {sorted(unknown)[0]!r} is running", fix="devbench virtual list"
            )
        phones = tuple(p for p in phones if p.name in names_or_serials or p.serial in names_or_serials)
    for phone in phones:
        _stop(home / "phones" / phone.name, phone)
    return tuple(phone.name for phone in phones)


def _stop(folder: Path, phone: VirtualPhone) -> None:
    record = read_record(folder)
    try:
        control.ask(folder, {"do": "stop"})
    except VirtualPhoneError:
        os.kill(phone.pid, signal.SIGTERM)
    limit = time.monotonic() + _STOP_S
    while is_locked(folder):
        if time.monotonic() > limit:
            os.kill(phone.pid, signal.SIGKILL)
        time.sleep(0.01)
    if record is not None:
        _disconnect(record.server, phone.serial)


def _disconnect(address: str, serial: str) -> None:
    """The server it was connected to need not list it for ever; one that is gone does not matter."""
    host, _, port = address.rpartition(":")
    server = Server(ServerAddress(host=host, port=int(port)))
    if server.listening():
        try:
            server.disconnect(serial)
        except DevbenchError:
            return


def tell(name: str, request: dict[str, Any], *, home: Path) -> None:
    control.ask(home / "phones" / name, request)


def why_not() -> str | None:
    """Tries it: a phone's first process in a temporary folder, switched off at once."""
    try:
        _try(())
    except (DevbenchError, OSError) as error:
        return str(error)
    return None


def why_not_emulated() -> str | None:
    """Tries to register an emulator for one phone; where that fails, the host's own registrations must do."""
    if (reason := why_not()) is not None:
        return reason
    host = Path("/proc/sys/fs/binfmt_misc")
    if _try((Emulator(path=Path(host_shell()), machine=183),)) or any(host.glob("qemu-*")):
        return None
    return (
        "an emulated phone can start its shell only: this kernel has no binfmt_misc of a phone's own (Linux 6.7)\n"
        "  → sudo apt install qemu-user-static binfmt-support"
    )


def _try(emulating: tuple[Emulator, ...]) -> bool:
    """Whether the emulators could be registered; VirtualPhoneError if there could be no phone at all."""
    with tempfile.TemporaryDirectory(prefix="devbench-") as folder:
        return asyncio.run(_try_once(Path(folder), emulating))


async def _try_once(folder: Path, emulating: tuple[Emulator, ...]) -> bool:
    place = Place(folder=folder, emulators=emulating)
    for name in ("mnt", "root/data/local/tmp", "root/sdcard"):
        (folder / name).mkdir(parents=True)
    init = Init(layout(load_profile("pixel-2-xl"), place))
    try:
        await init.start()
        return init.emulates
    finally:
        init.kill()
