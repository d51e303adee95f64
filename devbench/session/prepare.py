"""From what was asked for to a header that holds every job, before anything is pushed or written."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import devbench
from devbench.devices import Selection
from devbench.domain.device import DeviceInfo, Reject
from devbench.domain.job import Job
from devbench.domain.measurement import Failure, Measurement
from devbench.domain.run import Artifact, Run, RunHeader
from devbench.engines import EngineFile, FetchProgress, placed, silent
from devbench.errors import DevbenchError, EngineError, MissingExtra, NoUsableDevice, ResumeMismatch
from devbench.hashing import sha256_of
from devbench.plan import plan_phone, target_for
from devbench.runners.binaries import RunnerBinary
from devbench.session.kit import Kit
from devbench.session.request import RunRequest
from devbench.store import new_run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonePlan:
    """One phone's part: its jobs still to do, the runners (by ABI) and engines (by hash) that they need.

    `refused` says by job id which jobs are skipped, and why.
    """

    info: DeviceInfo
    jobs: tuple[Job, ...]
    binaries: dict[str, RunnerBinary]
    engines: dict[str, EngineFile]
    refused: dict[str, Failure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A header and what its phones have to do; `attempts` counts earlier ones by job id.

    `rejects` are the phones of this session that cannot be used (a header keeps those of the first). `earlier` is
    what was measured before a resume.
    """

    header: RunHeader
    phones: tuple[PhonePlan, ...]
    rejects: tuple[Reject, ...] = ()
    attempts: dict[str, int] = field(default_factory=dict)
    earlier: tuple[Measurement, ...] = ()

    @property
    def todo(self) -> int:
        return sum(len(phone.jobs) for phone in self.phones)


def prepare(
    request: RunRequest, selection: Selection, *, now: datetime, fetching: FetchProgress = silent
) -> Prepared:
    """The plan of a new run, engines fetched; NoUsableDevice if no selected phone can run it, with each reason."""
    phones: list[PhonePlan] = []
    rejects = list(selection.rejects)
    for info in selection.devices:
        try:
            phones.append(_plan(info, request, fetching))
        except (EngineError, MissingExtra) as error:
            rejects.append(_no_engine(info, error))
    if not phones:
        raise NoUsableDevice(_why_none(rejects, selection), fix=_no_phone_fix(rejects))
    header = RunHeader(
        run_id=new_run_id(now, secrets.token_hex(2)),
        created_at=now.astimezone().isoformat(timespec="seconds"),
        devbench_version=devbench.__version__,
        argv=request.argv,
        profile=request.profile,
        rounds=request.rounds,
        seed=request.seed,
        suite=request.suite,
        baseline=request.baseline,
        variants=request.variants,
        devices=tuple(phone.info for phone in phones),
        rejects=tuple(rejects),
        artifacts=_artifacts(phones),
        jobs=tuple(job for phone in phones for job in phone.jobs),
        notes=request.notes,
        options=request.options,
        allow=tuple(sorted(request.allow)),
        tweaks=tuple(sorted(request.tweaks)),
        tables=request.tables,
    )
    return Prepared(header=header, phones=tuple(phones), rejects=tuple(rejects))


def resume(run: Run, selection: Selection) -> Prepared:
    """What is left of a run: jobs without an `ok` attempt, on the phones of then that are here now."""
    done = set(run.ok_by_job())
    here = {info.device: info for info in selection.devices}
    phones: list[PhonePlan] = []
    rejects = list(selection.rejects)
    for then in run.header.devices:
        jobs = tuple(j for j in _runnable(run.header) if j.device == then.device and j.job_id not in done)
        info = here.get(then.device)
        if not jobs:
            continue
        if info is None:
            rejects.append(Reject(serial=then.serial, state="absent", reason=f"{then.device} is not connected",
                                  fix="plug it in and resume again"))  # fmt: skip
        elif (reason := _changed(then, info)) is not None:
            rejects.append(Reject(serial=info.serial, state="changed", reason=reason,
                                  fix="start a new run: results from before and after do not mix"))  # fmt: skip
        else:
            phones.append(_replan(run.header, info, jobs))
    if not phones and any(j.job_id not in done for j in _runnable(run.header)):
        raise NoUsableDevice(_why_none(rejects, selection), fix=_no_phone_fix(rejects))
    attempts: dict[str, int] = {}
    for m in run.measurements:
        attempts[m.job_id] = max(attempts.get(m.job_id, 0), m.attempt)
    if phones:
        _check_files(run.header)
    return Prepared(
        header=run.header,
        phones=tuple(phones),
        rejects=tuple(rejects),
        attempts=attempts,
        earlier=run.measurements,
    )


def _runnable(header: RunHeader) -> tuple[Job, ...]:
    """Jobs that something can run: those without an engine were refused when the run was planned."""
    return tuple(job for job in header.jobs if job.backend.engine_sha256 is not None)


def _check_files(header: RunHeader) -> None:
    """Models, inputs and held-out sets are those of the first part."""
    for variant in header.variants:
        _same_file("model", Path(variant.path), variant.sha256)
    inputs = {path: j.input_sha256.get(name) for j in header.jobs for name, path in j.input_files.items()}
    for path, sha256 in inputs.items():
        _same_file("input", Path(path), sha256)
    sets = {v.held_out.folder: v.held_out for v in header.variants if v.held_out is not None}
    for held_out in sets.values():
        for data in (*held_out.inputs, held_out.labels, held_out.reference):
            if data is not None:
                _same_file("held-out file", Path(held_out.folder, data.file), data.sha256)


def check_agreement(header: RunHeader, options: dict[str, str]) -> None:
    """ResumeMismatch if an option given with --resume says something else than run.json does."""
    for name, value in options.items():
        then = header.options.get(name)
        if then != value:
            raise ResumeMismatch(
                f"--{name} {value} contradicts the run, which has --{name} {then}",
                fix="leave it out: run.json decides; or start a new run",
            )


def _plan(info: DeviceInfo, request: RunRequest, fetching: FetchProgress) -> PhonePlan:
    """The jobs of one phone; EngineError or MissingExtra if not one of them could run there."""
    kit = Kit(info, request, fetching)
    planned = plan_phone(
        info,
        request.variants,
        profile=request.profile,
        rounds=request.rounds,
        seed=request.seed,
        choices=request.choices,
        engine_for=kit.choice,
    )
    if len(planned.refused) == len(planned.jobs):
        raise kit.first_refusal
    return PhonePlan(
        info=info, jobs=planned.jobs, refused=planned.refused, binaries=kit.binaries, engines=kit.engines
    )


def _replan(header: RunHeader, info: DeviceInfo, jobs: tuple[Job, ...]) -> PhonePlan:
    """The very files of the first part: another runner or engine would make another series."""
    targets = {target_for(info, job.abi) for job in jobs}
    binaries: dict[str, RunnerBinary] = {}
    engines: dict[str, EngineFile] = {}
    for artifact in header.artifacts:
        if artifact.target not in targets:
            continue
        path = Path(artifact.path)
        _same_file(artifact.role, path, artifact.sha256)
        if artifact.role == "runner":
            binaries[artifact.target.partition("-")[2]] = RunnerBinary(
                target=artifact.target,
                path=path,
                sha256=artifact.sha256,
                size_bytes=artifact.size_bytes,
                version=artifact.version or "",
            )
        else:
            file = EngineFile(
                engine=artifact.name,
                version=artifact.version,
                target=artifact.target,
                path=path,
                sha256=artifact.sha256,
                size_bytes=artifact.size_bytes,
            )
            engines[artifact.sha256] = placed(file, info)
    return PhonePlan(info=info, jobs=jobs, binaries=binaries, engines=engines)


def _same_file(role: str, path: Path, sha256: str | None) -> None:
    if not path.is_file():
        raise ResumeMismatch(f"{role} {path} of this run is gone", fix="put it back, or start a new run")
    if sha256_of(path) != sha256:
        raise ResumeMismatch(f"{role} {path} is not the file of this run any more", fix="start a new run")


def _changed(then: DeviceInfo, now: DeviceInfo) -> str | None:
    if then.fingerprint != now.fingerprint:
        return f"{then.device} runs another build now: {then.fingerprint} → {now.fingerprint}"
    if then.target != now.target:
        return f"{then.device} was {then.target} and is {now.target}"
    return None


def _artifacts(phones: list[PhonePlan]) -> tuple[Artifact, ...]:
    found: dict[str, Artifact] = {}
    for phone in phones:
        for binary in phone.binaries.values():
            found[binary.sha256] = Artifact(
                role="runner",
                name="devbench-runner",
                version=binary.version,
                target=binary.target,
                sha256=binary.sha256,
                size_bytes=binary.size_bytes,
                path=str(binary.path),
            )
        for engine in phone.engines.values():
            found[engine.sha256] = Artifact(
                role="engine",
                name=engine.engine,
                version=engine.version,
                target=engine.target,
                sha256=engine.sha256,
                size_bytes=engine.size_bytes,
                path=str(engine.path),
            )
    return tuple(found.values())


def _no_engine(info: DeviceInfo, error: DevbenchError) -> Reject:
    return Reject(
        serial=info.serial,
        state=error.kind if isinstance(error, EngineError) else "not-installed",
        reason=f"{info.device} ({info.target}): {error.message}",
        fix=error.fix or "--engine NAME=PATH takes a library of your own",
    )


def _why_none(rejects: list[Reject], selection: Selection) -> str:
    lines = ["no usable phone"]
    lines += [f"  {reject.serial} [{reject.state}]: {reject.reason}\n    → {reject.fix}" for reject in rejects]
    lines += [f"  {part}: no such phone on this adb server" for part in selection.unmatched]
    return "\n".join(lines)


def _no_phone_fix(rejects: list[Reject]) -> str:
    first = "mend the above" if rejects else "connect a phone with USB debugging on (`devbench doctor` helps)"
    return f"{first}, or try --device virtual: two virtual phones on this computer"
