"""Files that a session needs, by content: which they are, where an agent keeps them, a header that finds them."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from pathlib import Path

from devbench.domain.held_out import DataFile, HeldOut
from devbench.domain.job import Job
from devbench.domain.run import RunHeader
from devbench.domain.variant import Variant
from devbench.errors import StoreError
from devbench.hashing import sha256_of
from devbench.plan import target_for

CHUNK_BYTES = 4_000_000


def header_of_phone(header: RunHeader, device: str) -> RunHeader:
    """The part of a run's header that is one phone's: its jobs, and what they need."""
    jobs = tuple(job for job in header.jobs if job.device == device)
    info = next(info for info in header.devices if info.device == device)
    variants = {job.variant for job in jobs}
    targets = {target_for(info, job.abi) for job in jobs}
    return dataclasses.replace(
        header,
        jobs=jobs,
        devices=(info,),
        rejects=(),
        variants=tuple(v for v in header.variants if v.variant in variants),
        artifacts=tuple(a for a in header.artifacts if a.target in targets),
    )


def files_of(header: RunHeader) -> dict[str, Path]:
    """Every file that the header names, by SHA-256."""
    found = {artifact.sha256: Path(artifact.path) for artifact in header.artifacts}
    for variant in header.variants:
        found[variant.file[0]] = Path(variant.path)
        if (held_out := variant.held_out) is not None:
            found |= {data.sha256: Path(held_out.folder) / data.file for data in _data_of(held_out)}
    for job in header.jobs:
        found |= {job.input_sha256[name]: Path(path) for name, path in job.input_files.items()}
    return found


def localised(header: RunHeader, cache: FileCache) -> RunHeader:
    """The header with every file where the cache has it."""
    return dataclasses.replace(
        header,
        artifacts=tuple(dataclasses.replace(a, path=str(cache.path(a.sha256))) for a in header.artifacts),
        variants=tuple(_variant(variant, cache) for variant in header.variants),
        jobs=tuple(_job(job, cache) for job in header.jobs),
    )


def _variant(variant: Variant, cache: FileCache) -> Variant:
    held_out = variant.held_out
    if held_out is not None:
        held_out = dataclasses.replace(
            held_out, folder=str(cache.folder), inputs=tuple(_by_content(data) for data in held_out.inputs),
            labels=_by_content(held_out.labels),
            reference=None if held_out.reference is None else _by_content(held_out.reference),
        )  # fmt: skip
    return dataclasses.replace(variant, path=str(cache.path(variant.file[0])), held_out=held_out)


def _job(job: Job, cache: FileCache) -> Job:
    files = {name: str(cache.path(job.input_sha256[name])) for name in job.input_files}
    return dataclasses.replace(job, input_files=files)


def _data_of(held_out: HeldOut) -> Iterator[DataFile]:
    yield from (*held_out.inputs, held_out.labels)
    if held_out.reference is not None:
        yield held_out.reference


def _by_content(data: DataFile) -> DataFile:
    return dataclasses.replace(data, file=data.sha256)


class FileCache:
    """Files of an agent's host by SHA-256, shared by its phones; whole and right, or not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise StoreError(f"{sha256[:80]!r} is no SHA-256")
        return self.folder / sha256

    def missing(self, sha256s: list[str]) -> list[str]:
        return [sha256 for sha256 in sha256s if not self.path(sha256).is_file()]

    def keep(self, sha256: str, offset: int, data: bytes, *, last: bool) -> None:
        """The next piece of a file; with the last, StoreError if it is not what it should be."""
        path = self.path(sha256)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f"{sha256}.{os.getpid()}.part")
        with open(part, "r+b" if offset else "wb") as file:
            file.seek(offset)
            file.write(data)
            file.flush()
            if last:
                os.fsync(file.fileno())
        if not last:
            return
        if sha256_of(part) != sha256:
            part.unlink()
            raise StoreError(f"a file arrived damaged: it is not {sha256}")
        part.replace(path)
