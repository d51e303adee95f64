"""A lab at one moment, from what lies on its host: runs, leases, quarantine, and the adb server's list.

No phone is asked anything, since one that measures would notice: battery and temperature are those that its last
process was measured with. Serial numbers serve to find a phone in the server's list, and are not kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from devbench.devices.lease import holders
from devbench.devices.quarantine import Record, load_records
from devbench.domain.device import DeviceInfo
from devbench.domain.run import RunHeader
from devbench.errors import StoreError
from devbench.store import HEADER, RECORDS, RunFolder, read_header

State = Literal["measuring", "quarantined", "idle", "away", "needs-help", "unknown"]
# older runs tell nothing that the newer ones do not
NEWEST_RUNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNow:
    """A phone. `why` says why it is not simply there, `way_back` what to do. Readings are of `read_at`, ISO 8601.

    `idle`: connected; `needs-help`: connected, but the server says why not usable; `away`: not connected;
    `unknown`: no adb server answers. `jobs_left` is over runs that are worked on.
    """

    device: str
    model: str
    state: State
    labels: tuple[str, ...] = ()
    why: str | None = None
    way_back: str | None = None
    last_run: str | None = None
    jobs_left: int = 0
    battery_pct: float | None = None
    temperature_c: float | None = None
    read_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNow:
    """A run that is worked on, or that was left with jobs for `--resume`."""

    run_id: str
    created_at: str
    profile: str
    suite: str | None
    devices: tuple[str, ...]
    jobs: int
    done: int
    failed: int
    running: bool

    @property
    def left(self) -> int:
        return self.jobs - self.done


@dataclass(frozen=True, slots=True, kw_only=True)
class LabNow:
    """`at` is UTC; `new_phones` are connected and were in none of the runs; `notes` is what could not be read."""

    at: str
    phones: tuple[PhoneNow, ...]
    runs: tuple[RunNow, ...]
    new_phones: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A run as far as this needs it: each job's last status, and the last readings by phone."""

    header: RunHeader
    running: bool
    statuses: Mapping[str, str]
    left: Mapping[str, int]
    readings: Mapping[str, dict[str, Any]]


def lab_now(
    results: Path, leases: Path, quarantine: Path, connected: Mapping[str, str] | None, *, now: datetime
) -> LabNow:
    """`connected` is serial → state as the adb server says, None when it does not answer."""
    notes: list[str] = []
    runs = _newest(results, notes)
    held = holders(leases)
    try:
        records = {record.device: record for record in load_records(quarantine)}
    except StoreError as error:
        records = {}
        notes.append(str(error))
    known: dict[str, DeviceInfo] = {}
    for run in runs:
        for info in run.header.devices:
            if "IMPORTED" not in info.labels:
                known.setdefault(info.device, info)
    phones = [
        _phone(info, runs, set(held), records.get(name), connected) for name, info in sorted(known.items())
    ]
    strangers = sorted((set(held) | {r.device for r in records.values() if r.quarantined}) - set(known))
    phones += [_stranger(name, name in held, records.get(name)) for name in strangers]
    serials = {info.serial for info in known.values()}
    return LabNow(
        at=now.astimezone(UTC).isoformat(timespec="seconds"),
        phones=tuple(phones),
        runs=tuple(_run(run) for run in runs if run.running or any(run.left.values())),
        new_phones=len(set(connected or ()) - serials),
        notes=tuple(notes),
    )


def _newest(results: Path, notes: list[str]) -> list[_Seen]:
    """The newest runs first; what cannot be read is a note."""
    found = []
    paths = sorted((path.parent for path in results.glob(f"*/{HEADER}")), key=lambda p: p.name, reverse=True)
    for path in paths[:NEWEST_RUNS]:
        try:
            found.append(_seen(path))
        except (StoreError, OSError) as error:
            # the page may be shown to others: where the run lies on this host is not theirs to know
            notes.append(f"run {path.name}: {error}".partition("\n")[0].replace(f"{path}/", ""))
    return found


def _seen(path: Path) -> _Seen:
    header = read_header(path)
    statuses: dict[str, str] = {}
    readings: dict[str, dict[str, Any]] = {}
    for record in _records(path / RECORDS):
        job_id = record.get("job_id")
        if statuses.get(str(job_id)) != "ok" or record.get("status") == "discarded":
            statuses[str(job_id)] = str(record.get("status"))
        state = record.get("state_after") or record.get("state_before")
        if isinstance(state, dict):
            readings[str(record.get("device"))] = state
    left = Counter(job.device for job in header.jobs if statuses.get(job.job_id) != "ok")
    return _Seen(
        header=header, running=RunFolder(path).is_held(), statuses=statuses, left=left, readings=readings
    )


def _records(path: Path) -> Sequence[dict[str, Any]]:
    """Whole lines, without their samples' meaning; a cut one is skipped."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line) if line else None
        except ValueError:
            continue
        if isinstance(record, dict):
            found.append(record)
    return found


def _phone(
    info: DeviceInfo, runs: Sequence[_Seen], held: set[str], record: Record | None,
    connected: Mapping[str, str] | None,
) -> PhoneNow:  # fmt: skip
    mine = [run for run in runs if info.device in {d.device for d in run.header.devices}]
    state, why, way_back = _state(info, held, record, connected)
    read = next((run.readings[info.device] for run in mine if info.device in run.readings), {})
    heat = [c for c in (*(read.get("temperatures_c") or {}).values(), read.get("battery_temperature_c"))
            if isinstance(c, int | float)]  # fmt: skip
    return PhoneNow(
        device=info.device,
        model=info.model,
        state=state,
        labels=info.labels,
        why=_scrubbed(why, info),
        way_back=_scrubbed(way_back, info),
        last_run=mine[0].header.run_id,
        jobs_left=sum(run.left.get(info.device, 0) for run in mine if run.running),
        battery_pct=read.get("battery_level_pct"),
        temperature_c=max(heat, default=None),
        read_at=read.get("taken_at"),
    )


def _state(
    info: DeviceInfo, held: set[str], record: Record | None, connected: Mapping[str, str] | None
) -> tuple[State, str | None, str | None]:
    if info.device in held:
        return "measuring", None, None
    if record is not None and record.quarantined:
        return "quarantined", record.why, record.way_back
    setback = f"it failed lately: {record.setbacks[-1].reason}" if record and record.setbacks else None
    if connected is None:
        return "unknown", setback or "no adb server answers", None
    server_says = connected.get(info.serial)
    if server_says is None:
        return "away", setback or "the adb server does not see it", "look at its cable, or its Wi-Fi"
    if server_says != "device":
        return "needs-help", f"the adb server says: {server_says}", "devbench devices says what to do"
    return "idle", setback, None


def _stranger(name: str, held: bool, record: Record | None) -> PhoneNow:
    """A phone of which no run tells: only its lease or its quarantine does."""
    if held or record is None:
        return PhoneNow(device=name, model="unknown", state="measuring")
    return PhoneNow(
        device=name, model="unknown", state="quarantined", why=record.why, way_back=record.way_back
    )


def _scrubbed(text: str | None, info: DeviceInfo) -> str | None:
    for serial in filter(None, (info.serial, info.serialno)):
        text = text.replace(serial, info.device) if text else text
    return text


def _run(run: _Seen) -> RunNow:
    header = run.header
    return RunNow(
        run_id=header.run_id,
        created_at=header.created_at,
        profile=header.profile.name,
        suite=header.suite,
        devices=tuple(d.device for d in header.devices),
        jobs=len(header.jobs),
        done=sum(run.statuses.get(job.job_id) == "ok" for job in header.jobs),
        failed=sum(run.statuses.get(job.job_id) == "failed" for job in header.jobs),
        running=run.running,
    )
