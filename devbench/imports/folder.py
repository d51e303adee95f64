"""An imported file as a run folder: whole or not at all, once however often, and marked as what it is.

The id of the run ends in a hash of the file's content and of what the user said of it, so that the same file is
known again wherever it lies. The file itself is kept as `logs/source.txt`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devbench import __version__
from devbench.domain.device import DeviceInfo
from devbench.domain.job import Backend, Bounds, Job, Profile, job_id_of
from devbench.domain.measurement import Measurement
from devbench.domain.run import RunHeader
from devbench.domain.taint import Taint
from devbench.domain.variant import Variant
from devbench.errors import StoreError, UsageError
from devbench.imports.base import IMPORTED, PROFILE, UNKNOWN, ImportedFile, ImportedProcess, Owner
from devbench.store import HEADER, RunFolder, check_writable, new_run_id, read_header

_HASH_DIGITS = 8
_TAINT = Taint(
    id=IMPORTED,
    sentence="Another tool measured it; under what conditions is not known.",
    detail="imported from a file, nothing was looked at on the phone",
    fix="measure it with devbench run",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a file: its run, whether that was there already, and how much is in it."""

    source: str
    run_id: str
    folder: Path
    already: bool
    kind: str
    processes: int
    failed: int
    date_from: str


def import_file(
    path: Path, found: ImportedFile, *, data: bytes, results: Path, argv: Sequence[str], owner: Owner,
    date: datetime | None = None, metric: str | None = None,
) -> Imported:  # fmt: skip
    """`found`, read from `data` of `path`, as a run below `results`; UsageError when no phone is named anywhere.

    `owner`, `date` and `metric` are the user's words; without a date the file's own counts, else its last change.
    """
    info = _device(owner, found.owner, path)
    sha256 = hashlib.sha256(data).hexdigest()
    suffix = _suffix(sha256, info, metric, date)
    moment, date_from = _moment(path, found, date)
    known = _known(results, suffix, sha256)
    folder = known or RunFolder(results / new_run_id(moment, suffix))
    done = Imported(
        source=str(path),
        run_id=folder.run_id,
        folder=folder.path,
        already=known is not None,
        kind=found.kind,
        processes=len(found.processes),
        failed=sum(p.failure is not None for p in found.processes),
        date_from=date_from,
    )
    if known is None:
        header, measurements = _run(folder.run_id, path, found, info, moment, sha256, date_from, argv)
        _write(results, folder.path, header, measurements, data)
    return done


def _write(
    results: Path, target: Path, header: RunHeader, measurements: Sequence[Measurement], data: bytes
) -> None:
    """Made beside its place and moved there, so that a run that is cut off is none."""
    check_writable(results)
    try:
        with tempfile.TemporaryDirectory(dir=results, prefix=".import-") as made:
            folder = RunFolder(Path(made) / target.name)
            (folder.path / "logs").mkdir(parents=True)
            (folder.path / "logs" / "source.txt").write_bytes(data)
            folder.write_header(header)
            for measurement in measurements:
                folder.append(measurement)
            shutil.move(str(folder.path), str(target))
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error


def _suffix(sha256: str, info: DeviceInfo, metric: str | None, date: datetime | None) -> str:
    """Another phone, metric or date named by the user is another run."""
    said = (sha256, info.device, info.model, metric or "", date.isoformat() if date else "")
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:_HASH_DIGITS]


def _known(results: Path, suffix: str, sha256: str) -> RunFolder | None:
    for path in sorted(results.glob(f"*-{suffix}/{HEADER}")):
        try:
            if read_header(path.parent).options.get("imported_sha256") == sha256:
                return RunFolder(path.parent)
        except StoreError:
            continue  # another's damaged run is not ours to judge
    return None


def _moment(path: Path, found: ImportedFile, date: datetime | None) -> tuple[datetime, str]:
    """When it was measured, with a time zone, and who says so."""
    if date is not None:
        return date.astimezone(), "--date"
    try:
        if found.date is not None:
            return datetime.fromisoformat(found.date).astimezone(), "the file itself"
    except (ValueError, OverflowError):
        pass
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone(), "the file's time of change"


def _device(said: Owner, told: Owner, path: Path) -> DeviceInfo:
    model = said.model or told.model or said.device
    if model is None:
        raise UsageError(
            f"{path}: the file does not say which phone it is from",
            fix="name it: --device-model 'Pixel 2', or --device NAME for one that `devbench devices` knows",
        )
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") or "phone"
    return DeviceInfo(
        device=said.device or f"{slug}-imported", serial="", serialno=None, manufacturer=told.manufacturer,
        model=model, product=None, android_release=None, sdk=told.sdk, fingerprint=told.fingerprint,
        build_type=None, soc=None, target=UNKNOWN, abis=(), cores=(), core_groups=(), allowed_cpus=(),
        ram_bytes=told.ram_bytes, page_size_bytes=None, kernel=None, shell_v2=False, labels=(IMPORTED,),
    )  # fmt: skip


def _run(
    run_id: str, path: Path, found: ImportedFile, info: DeviceInfo, moment: datetime, sha256: str,
    date_from: str, argv: Sequence[str],
) -> tuple[RunHeader, list[Measurement]]:  # fmt: skip
    created = moment.isoformat(timespec="seconds")
    jobs: list[Job] = []
    measurements: list[Measurement] = []
    rounds: Counter[tuple[object, ...]] = Counter()
    for process in found.processes:
        key = (process.variant, process.runner, _backend(process))
        rounds[key] += 1
        for pass_name in ("latency", "ops") if process.ops else ("latency",):
            job = _job(info, process, pass_name, rounds[key], len(jobs), sha256)
            jobs.append(job)
            measurements.append(_measurement(job, process, created))
    most = max(rounds.values())
    header = RunHeader(
        run_id=run_id, created_at=created, devbench_version=__version__, argv=tuple(argv),
        profile=Profile(name=PROFILE, rounds=most, bounds=Bounds(), passes=("latency",), careful=False),
        rounds=most, seed=0, suite=None, baseline=None, variants=_variants(found), devices=(info,),
        jobs=tuple(jobs),
        notes=(f"Imported from {path.name} ({found.kind}); the date is from {date_from}.", *found.notes),
        options={"imported_from": path.name, "imported_kind": found.kind, "imported_sha256": sha256},
    )  # fmt: skip
    return header, measurements


def _variants(found: ImportedFile) -> tuple[Variant, ...]:
    """One a name, with what any of its processes tells; each its own model, as nothing says what compares."""
    made: dict[str, Variant] = {}
    for p in found.processes:
        known = made.get(p.variant)
        if known is None or known.size_bytes is None:
            made[p.variant] = Variant(
                variant=p.variant,
                model=p.variant,
                format=p.format,
                path="",
                sha256=None,
                size_bytes=p.size_bytes,
            )
    return tuple(made.values())


def _backend(process: ImportedProcess) -> Backend:
    return Backend(
        engine=process.engine, engine_version=None, engine_sha256=None, delegate=process.delegate,
        threads=process.threads, cores=UNKNOWN, cpu_mask=None,
    )  # fmt: skip


def _job(
    info: DeviceInfo, process: ImportedProcess, pass_name: str, round_: int, position: int, sha256: str
) -> Job:
    backend = _backend(process)
    decides: dict[str, object] = {
        "source": sha256, "device": info.device, "variant": process.variant, "runner": process.runner,
        "backend": backend, "pass": pass_name, "round": round_,
    }  # fmt: skip
    return Job(
        job_id=job_id_of(decides=decides), device=info.device, variant=process.variant, backend=backend,
        runner=process.runner, abi=UNKNOWN, pass_name=pass_name, round=round_, position=position, bounds=Bounds(),
    )  # fmt: skip


def _measurement(job: Job, process: ImportedProcess, created: str) -> Measurement:
    """Nothing but what the file tells; the phone's state, the program and its ABI are not known."""
    clocks = {True: "locked", False: "free", None: None}[process.cpu_locked]
    return Measurement(
        job_id=job.job_id, attempt=1, status="failed" if process.failure else "ok", started_at=created,
        device=job.device, variant=job.variant, runner=job.runner, pass_name=job.pass_name, round=job.round,
        position=job.position, series=process.series, told=process.told,
        ops=process.ops if job.pass_name == "ops" else (), clock_state=clocks, taints=(_TAINT,),
        failure=process.failure, log_tail="\n".join(process.words),
    )  # fmt: skip
