"""Phones that fail session after session stay out, because a night must not wait for them again and again.

`<folder>/<device>.json` remembers the setbacks of one phone in a row. A session that ends well forgets them; with
AFTER of them the phone is in quarantine, until a person lets it back in with `devbench devices --release NAME`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devbench.domain.codec import from_json, to_json
from devbench.domain.device import DeviceInfo, Reject
from devbench.errors import StoreError
from devbench.store import write_atomically

if TYPE_CHECKING:
    from devbench.devices.select import Selection

AFTER = 3
QUARANTINE_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """One session that a phone did not survive: when (ISO 8601), in which run, the failure kind, and why."""

    at: str
    run_id: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is remembered of a phone: its setbacks in a row, oldest first, and since when it is out, if it is."""

    device: str
    setbacks: tuple[Setback, ...]
    quarantined_at: str | None = None
    schema: int = QUARANTINE_SCHEMA

    @property
    def quarantined(self) -> bool:
        return self.quarantined_at is not None

    @property
    def why(self) -> str:
        """One sentence: how often, and the last reason."""
        last = self.setbacks[-1]
        at = last.at[:16].replace("T", " ")
        return f"it failed in {len(self.setbacks)} sessions in a row, last at {at} UTC: {last.reason}"

    @property
    def way_back(self) -> str:
        return f"mend it, then `devbench devices --release {self.device}`"


def load_records(folder: Path) -> tuple[Record, ...]:
    """All phones that have setbacks, in quarantine or not, by name. StoreError names a file it cannot read."""
    return tuple(_read(path) for path in sorted(folder.glob("*.json")))


def set_back(folder: Path, device: str, setback: Setback, *, after: int = AFTER) -> Record:
    """What is remembered of `device` with one setback more; in quarantine once there are `after` in a row."""
    with _alone(folder):
        known = _known(folder, device)
        setbacks = (*(known.setbacks if known else ()), setback)
        since = known.quarantined_at if known else None
        if since is None and len(setbacks) >= after:
            since = setback.at
        record = Record(device=device, setbacks=setbacks, quarantined_at=since)
        write_atomically(folder / f"{device}.json", json.dumps(to_json(record), indent=1))
    return record


def forget(folder: Path, device: str) -> bool:
    """After a session that ended well, or when a person lets the phone back in: whether there was anything."""
    if not folder.is_dir():
        return False
    with _alone(folder):
        known = (folder / f"{device}.json").exists()
        (folder / f"{device}.json").unlink(missing_ok=True)
    return known


def without_quarantined(selection: Selection, folder: Path) -> Selection:
    """`selection` with phones in quarantine as rejects, each with the reason and the way back."""
    out = {record.device: record for record in load_records(folder) if record.quarantined}
    kept = tuple(info for info in selection.devices if info.device not in out)
    rejects = tuple(_reject(info, out[info.device]) for info in selection.devices if info.device in out)
    return dataclasses.replace(selection, devices=kept, rejects=(*selection.rejects, *rejects))


def _reject(info: DeviceInfo, record: Record) -> Reject:
    reason = f"{info.device} is in quarantine since {record.quarantined_at}: {record.why}"
    return Reject(serial=info.serial, state="quarantined", reason=reason, fix=record.way_back)


def _known(folder: Path, device: str) -> Record | None:
    path = folder / f"{device}.json"
    return _read(path) if path.is_file() else None


def _read(path: Path) -> Record:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["schema"] != QUARANTINE_SCHEMA:
            raise StoreError(f"{path} has schema {data['schema']}", fix="update devbench, or remove the file")
        return from_json(Record, data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", fix="remove it: the phone is let back in"
        ) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two sessions of one lab may end at the same time."""
    from filelock import FileLock

    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        yield
