"""The two files by which phones are found again: what a phone shall be (spec.json) and what it is (phone.json)."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSpec:
    """Written before the daemon starts. `port` 0 lets the system choose; `tree` is an extracted Android tree,
    `engines` a folder of engine libraries that a phone without one has. `share_cores`: it measures while others
    measure on the same core."""

    name: str
    profile: str
    serialno: str
    core: int
    port: int
    seed: int
    server: str
    home: str
    keys: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    tree: str | None = None
    emulator: str | None = None
    engines: str | None = None
    share_cores: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneRecord:
    """Written by the daemon once the phone is up; removed when it ends."""

    name: str
    profile: str
    serialno: str
    port: int
    pid: int
    core: int
    server: str
    started_at: str


def write_spec(folder: Path, spec: PhoneSpec) -> None:
    _write(folder / "spec.json", asdict(spec))


def read_spec(folder: Path) -> PhoneSpec:
    data = json.loads((folder / "spec.json").read_text())
    return PhoneSpec(**(data | {"keys": tuple(data["keys"]), "faults": tuple(data["faults"])}))


def write_record(folder: Path, record: PhoneRecord) -> None:
    _write(folder / "phone.json", asdict(record))


def read_record(folder: Path) -> PhoneRecord | None:
    """The phone's record if it is running: its daemon holds the lock of the folder."""
    try:
        data = json.loads((folder / "phone.json").read_text())
        return PhoneRecord(**data) if is_locked(folder) else None
    except (OSError, ValueError, TypeError):
        return None


def is_locked(folder: Path) -> bool:
    try:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _write(path: Path, data: dict[str, object]) -> None:
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(data, indent=1))
    draft.replace(path)
