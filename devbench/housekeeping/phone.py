"""What devbench put on a phone: pushed files, jobs of hosts that died, the app. The caller holds the lease."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devbench.apk import PACKAGE
from devbench.devices.storage import read_free_bytes
from devbench.runners.binaries import runner_binary
from devbench.runners.cas import BASE, CAS
from devbench.runners.jobs import JOBS, runner_file, stop_leftovers

if TYPE_CHECKING:
    from devbench.adb import Phone
    from devbench.domain.device import DeviceInfo

_UNINSTALL_DEADLINE_S = 120.0
_DEADLINE_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePart:
    """`what` is `cas`, `jobs` or `apk`; `size_bytes` is None where the phone does not tell."""

    what: str
    where: str
    size_bytes: int | None


def look_at_phone(phone: Phone) -> tuple[PhonePart, ...]:
    """What could go; nothing is changed."""
    found = [
        PhonePart(what=what, where=folder, size_bytes=_bytes_of(phone, folder))
        for what, folder in (("cas", CAS), ("jobs", JOBS))
        if phone.shell(f"ls {folder} 2>/dev/null").stdout.strip()
    ]
    app = re.search(
        r"^package:(/\S+)\s*$", phone.shell(f"pm path {PACKAGE} 2>/dev/null").stdout, re.MULTILINE
    )
    if app is not None:
        found.append(PhonePart(what="apk", where=PACKAGE, size_bytes=None))
    return tuple(found)


def clean_phone(phone: Phone, info: DeviceInfo) -> int | None:
    """Stop what still runs and remove all of it; bytes that the phone has more room now, None if it does not tell.

    What watches over changed settings lies elsewhere below the folder, and stays.
    """
    before = read_free_bytes(phone, BASE)
    parts = look_at_phone(phone)
    stop_leftovers(phone, runner_file(runner_binary(info.target)))
    phone.remove(CAS, JOBS, deadline_s=_DEADLINE_S)
    if any(part.what == "apk" for part in parts):
        phone.shell(f"pm uninstall {PACKAGE}", deadline_s=_UNINSTALL_DEADLINE_S)
    phone.shell(f"rmdir {BASE} 2>/dev/null; true")
    after = read_free_bytes(phone, BASE.rpartition("/")[0])
    return max(0, after - before) if before is not None and after is not None else None


def _bytes_of(phone: Phone, folder: str) -> int | None:
    """By `du`, which phones before Android 6 may lack."""
    told = re.match(r"\s*(\d+)\s", phone.shell(f"du -sk {folder} 2>/dev/null", deadline_s=_DEADLINE_S).stdout)
    return int(told[1]) * 1024 if told else None
