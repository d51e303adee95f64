"""One devbench a phone at a time: two measuring at once would each see the other as noise.

A lease is a file lock below DEVBENCH_HOME, by the phone's name: whichever transport or adb server reaches it. On
Linux, whose kernel has names of its own, the phone's address is claimed there too, for other users to see.
The kernel frees both when their process dies, so a lease of the dead never has to be broken.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.device import DeviceInfo, Reject

if TYPE_CHECKING:
    from devbench.devices.select import Selection

# somebody who only looks whether a lock is held has it for a moment
_LOOK_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who measures on a phone: `since` is ISO 8601; what another user's process does not tell is None."""

    pid: int
    user: str | None
    since: str | None

    @property
    def words(self) -> str:
        user = f" of {self.user}" if self.user else ""
        since = f", since {self.since}" if self.since else ""
        return f"process {self.pid}{user}{since}"


@contextlib.contextmanager
def leased(folder: Path, selection: Selection) -> Iterator[Selection]:
    """`selection` with its phones held for this process; those that another holds are rejects, with the holder."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    held: list[DeviceInfo] = []
    busy: list[Reject] = []
    with contextlib.ExitStack() as stack:
        for info in selection.devices:
            with contextlib.ExitStack() as mine:
                try:
                    mine.enter_context(FileLock(_lock_file(folder, info.device), _LOOK_S, thread_local=False))
                except Timeout:
                    busy.append(_busy(info, _holder(folder, info.device)))
                    continue
                claim = _claim(info)
                if isinstance(claim, Reject):
                    busy.append(claim)
                    continue
                mine.enter_context(claim)
                _write_owner(folder, info.device)
                mine.callback(_owner_file(folder, info.device).unlink, missing_ok=True)
                stack.push(mine.pop_all())
                held.append(info)
        yield dataclasses.replace(selection, devices=tuple(held), rejects=(*selection.rejects, *busy))


def holders(folder: Path) -> dict[str, Holder]:
    """Who holds which phone now, by its name, as far as leases below `folder` tell."""
    from filelock import FileLock, Timeout

    found: dict[str, Holder] = {}
    for path in sorted(folder.glob("*.json")):
        device = path.stem
        try:
            with FileLock(_lock_file(folder, device), 0, thread_local=False):
                continue  # of a process that died before it could clear up
        except Timeout:
            holder = _holder(folder, device)
            if holder is not None:
                found[device] = holder
    return found


def _claim(info: DeviceInfo) -> contextlib.AbstractContextManager[object] | Reject:
    """The phone's address for this process among all users of this host, or who has it."""
    if sys.platform != "linux":
        return contextlib.nullcontext()
    # a name of the kernel's, not of a file: nobody else's rights or left-over files can be in the way
    key = hashlib.sha256(f"{info.device}\0{info.serial}".encode()).hexdigest()[:32]
    name = f"\0devbench-lease-{key}"
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(name)
        claim.listen(16)
    except OSError:
        claim.close()
        return _busy(info, _peer(name))
    return claim


def _peer(name: str) -> Holder | None:
    """The process that listens at a name of the kernel's."""
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
        asking.setblocking(False)
        asking.connect(name)
        told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _ = struct.unpack("3i", told)
        return Holder(pid=pid, user=_user_name(uid), since=None)
    return None


def _user_name(uid: int) -> str:
    if sys.platform == "win32":
        return f"user {uid}"
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _busy(info: DeviceInfo, holder: Holder | None) -> Reject:
    by = f" ({holder.words})" if holder else ""  # without: it is just beginning or ending
    return Reject(
        serial=info.serial,
        state="busy",
        reason=f"{info.device} is measured by another devbench{by}",
        fix="wait for it to end, or stop it; `--device` takes another phone",
    )


def _holder(folder: Path, device: str) -> Holder | None:
    try:
        owner = json.loads(_owner_file(folder, device).read_text("utf-8"))
        return Holder(pid=int(owner["pid"]), user=owner.get("user"), since=str(owner["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_owner(folder: Path, device: str) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    user = _user_name(os.getuid()) if hasattr(os, "getuid") else None
    owner = json.dumps({"pid": os.getpid(), "user": user, "since": now})
    _owner_file(folder, device).write_text(owner, "utf-8")


def _owner_file(folder: Path, device: str) -> Path:
    return folder / f"{device}.json"


def _lock_file(folder: Path, device: str) -> Path:
    return folder / f"{device}.lock"
